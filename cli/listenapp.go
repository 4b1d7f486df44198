package cli

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/proxy"
)

// addReaching adds the flags that say how the app is reached.
func (o *listenOptions) addReaching(cmd *cobra.Command) {
	f := cmd.Flags()
	o.Proxy.AppWait = proxy.DefaultAppWait
	addParsed(f, &o.Proxy.AppWait, "app-wait", format.Duration(o.Proxy.AppWait),
		"wait at most `DURATION` for an app nearby that is being restarted; 0: not at all", parseAppWait)
	o.forwarded = oneOf("on", "off")
	f.Var(&o.forwarded, "forwarded-headers", "tell your app in X-Forwarded headers who asked for what; off: for an app that refuses the public host name")
}

// parseAppWait reads the value of --app-wait.
func parseAppWait(text string) (time.Duration, error) {
	if text == "0" {
		return 0, nil
	}
	d, err := format.ParseDuration(text)
	if err != nil {
		return 0, errors.New("want a duration such as 5s, or 0")
	}
	return d, nil
}
