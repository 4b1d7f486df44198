package inspector

import (
	"fmt"
	"testing"

	"github.com/taskhook/taskhook/webhook"
)

// routed is a listener of three apps, of which one is down.
func routed() *memory {
	f := some()
	f.listener.Routes = []webhook.Route{
		{Filter: "type:Contact*", Target: "http://localhost:3001", Health: webhook.Health{Known: true, Up: true}},
		{Filter: "location:loc1", Target: "http://localhost:3002", Health: webhook.Health{Known: true, Error: "connection refused"}},
		{Filter: "path:/ping", Target: ""},
		{Filter: "type:Task*", Target: "http://localhost:3001", Health: webhook.Health{Known: true, Up: true}},
	}
	return f
}

func TestEachRouteHasALineWithTheHealthOfItsApp(t *testing.T) {
	f := routed()
	d := drive(t, f, 120, 40, Options{})
	d.sees("1 of 3 apps ○")
	d.press("i")
	d.sees("route   type:Contact* → http://localhost:3001")
	d.sees("route   location:loc1 → http://localhost:3002")
	d.sees("connection refused")
	d.sees("route   path:/ping → none")
	d.fits()
	f.listener.Routes[1].Health = webhook.Health{Known: true, Up: true}
	d.press("i")
	d.ticks(4)
	d.sees("3 apps ●")
}

func TestManyRoutesLeaveRoomForTheEvents(t *testing.T) {
	f := some()
	for i := range 20 {
		f.listener.Routes = append(f.listener.Routes, webhook.Route{Filter: fmt.Sprintf("type:T%d", i)})
	}
	d := drive(t, f, 80, 24, Options{})
	d.press("i")
	d.sees("route   type:T3 → none")
	d.sees("and 16 more routes")
	d.misses("type:T4")
	d.fits()
}

func TestWithRoutesAResendGoesWhereTheyLead(t *testing.T) {
	f := routed()
	resending(f, webhook.BatchReport{Total: 1, Delivered: 1})
	d := drive(t, f, 120, 40, Options{})
	d.press("t")
	d.sees("where the routes lead")
	d.press("esc", "ctrl+r")
	d.sees("in order of arrival to where the routes lead")
}

func TestTheShieldOfOneAppIsShownAndTakenDown(t *testing.T) {
	f := routed()
	f.listener.Routes[1].Shield = true
	d := drive(t, f, 120, 40, Options{})
	d.sees("SHIELD of 1/3 apps")
	d.press("H")
	d.sees("shield down")
}

func TestEachAppThatIsDownIsToBeStarted(t *testing.T) {
	f := &memory{listener: routed().listener}
	f.listener.Counts = webhook.Counts{}
	d := drive(t, f, 120, 40, Options{})
	d.sees("Your app does not answer at http://localhost:3002: start it.")
	d.misses("does not answer at http://localhost:3001")
}
