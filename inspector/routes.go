package inspector

import (
	"slices"
	"strconv"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/webhook"
)

// mostRoutes is how many routes the header has a line for.
const mostRoutes = 5

// routeLines are the header's lines of the routes.
func (m *model) routeLines() []string {
	var lines []string
	routes := m.listener.Routes
	for i, r := range routes {
		if more := len(routes) - i; i == mostRoutes-1 && more > 1 {
			return append(lines, m.headerLine("", "and "+strconv.Itoa(more)+" more routes", piece{}))
		}
		if r.Target == "" {
			lines = append(lines, m.headerLine("route", format.Clean(r.Filter)+" → none", piece{"kept, answered 200", moodDim}))
			continue
		}
		lines = append(lines, m.headerLine("route", format.Clean(r.Filter)+" → "+format.Clean(format.MaskURLs(r.Target)), m.healthWords(r.Health)))
	}
	return lines
}

// app is one that events go to.
type app struct {
	target string
	health webhook.Health
	shield bool
}

// down reports whether it is known not to answer.
func (a app) down() bool { return a.health.Known && !a.health.Up }

// apps are those of the listener, each once.
func (m *model) apps() []app {
	all := []app{{m.listener.Target, m.listener.Health, m.listener.Shield}}
	for _, r := range m.listener.Routes {
		if r.Target != "" && !slices.ContainsFunc(all, func(a app) bool { return a.target == r.Target }) {
			all = append(all, app{r.Target, r.Health, r.Shield})
		}
	}
	return all
}

// targetBrief is the health of the apps where there is little room.
func (m *model) targetBrief() piece {
	all := m.apps()
	if len(all) > 1 {
		return appsBrief(all)
	}
	h := all[0].health
	switch {
	case !h.Known:
		return piece{}
	case h.Up:
		return piece{"app " + signUp, moodGood}
	case h.Since.IsZero():
		return piece{"app " + signDown, moodBad}
	}
	return piece{"app " + signDown + " since " + format.ShortTime(h.Since.In(m.loc), m.now), moodBad}
}

// appsBrief is the health of several apps.
func appsBrief(all []app) piece {
	down := 0
	for _, a := range all {
		if a.down() {
			down++
		}
	}
	if down == 0 {
		return piece{strconv.Itoa(len(all)) + " apps " + signUp, moodGood}
	}
	return piece{strconv.Itoa(down) + " of " + strconv.Itoa(len(all)) + " apps " + signDown, moodBad}
}

// shieldWord is what is said of the shield: of how many apps, unless it is that of
// all.
func (m *model) shieldWord() string {
	all, up := m.apps(), 0
	for _, a := range all {
		if a.shield {
			up++
		}
	}
	if up == len(all) {
		return "SHIELD"
	}
	return "SHIELD of " + strconv.Itoa(up) + "/" + strconv.Itoa(len(all)) + " apps"
}

// resendTarget says where a resend goes that names no target, "" if that is not
// known.
func (m *model) resendTarget() string {
	if len(m.listener.Routes) > 0 {
		return "where the routes lead"
	}
	return format.Clean(format.MaskURLs(m.listener.Target))
}
