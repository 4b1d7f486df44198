package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/proxy"
	"github.com/taskhook/taskhook/webhook"
)

// addTargets adds the flags that say what goes to which app, and how it is
// signed.
func (o *listenOptions) addTargets(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Var(&o.sign, "sign", "whose signature your app gets; dev: the development key's in place of the one that was verified, so that it needs no other key")
	f.StringArrayVar(&o.routes, "route", nil, "send what a filter selects to another app, by `ROUTE`, such as 'type:Contact* -> 3001'; '-> none' keeps it and answers 200 (repeatable; the first that fits decides)")
}

// understandTargets is called when the target is known.
func (o *listenOptions) understandTargets(cmd *cobra.Command) error {
	if o.sign.value == string(webhook.SignDev) && o.verify.value == proxy.ModeOff {
		return usageError(cmd, errors.New("--sign dev signs what was verified, and with --verify off nothing is"),
			"use --verify warn, which forwards everything, too")
	}
	for _, text := range o.routes {
		r, err := proxy.ParseRoute(text)
		if err != nil {
			return routeError(cmd, text, err)
		}
		o.Proxy.Routes = append(o.Proxy.Routes, r)
	}
	return o.understandShield(cmd)
}

// routeError shows where a route is wrong.
func routeError(cmd *cobra.Command, text string, err error) error {
	var bad *proxy.RouteError
	if !errors.As(err, &bad) {
		return usageError(cmd, err)
	}
	return usageError(cmd, fmt.Errorf("invalid --route: %s\n%s", bad.Message, pointAt(text, bad.Offset, bad.Length)), bad.Hint)
}

// shield is the value of --shield: given alone for all apps, or the targets of
// some.
type shield struct {
	all  bool
	some []string
}

func (s *shield) String() string {
	if s.all {
		return "true"
	}
	return strings.Join(s.some, ",")
}

// Type has the help show the flag as one that is given alone.
func (s *shield) Type() string { return "bool" }

func (s *shield) Set(text string) error {
	switch text {
	case "true", "false":
		s.all, s.some = text == "true", nil
	default:
		s.some = append(s.some, strings.Split(text, ",")...)
	}
	return nil
}

// understandShield finds the apps that --shield names.
func (o *listenOptions) understandShield(cmd *cobra.Command) error {
	o.Proxy.Shield = o.shield.all
	apps := slices.Clone(o.Proxy.Targets)
	for _, r := range o.Proxy.Routes {
		if !r.Target.IsZero() && !slices.Contains(apps, r.Target) {
			apps = append(apps, r.Target)
		}
	}
	for _, text := range o.shield.some {
		shielded := appsNamed(text, apps)
		if len(shielded) == 0 {
			names := make([]string, len(apps))
			for i, app := range apps {
				names[i] = app.Short()
			}
			return usageError(cmd, fmt.Errorf("--shield=%s names no app of this listener", text),
				"give --shield alone for all of them, or name one: "+strings.Join(names, ", "))
		}
		o.Proxy.Shielded = append(o.Proxy.Shielded, shielded...)
	}
	return nil
}

// appsNamed are the apps that a text names: the one with its path, or without a
// path all that are there.
func appsNamed(text string, apps []httpwire.Target) []httpwire.Target {
	t, err := httpwire.ParseTarget(text)
	if err != nil {
		return nil
	}
	var named []httpwire.Target
	for _, app := range apps {
		if app == t || app.Origin() == t.Origin() && t.String() == t.Origin().String() {
			named = append(named, app)
		}
	}
	return named
}
