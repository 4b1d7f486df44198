package sandbox

import (
	"context"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// browser opens a headless one, if there is any.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("no Chromium here")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// value runs an action for its value.
func value[T any](t *testing.T, ctx context.Context, a chromedp.Action[T]) T { //nolint:revive // the test comes first
	t.Helper()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestThePageInABrowser opens the page as people do: it is live, works with
// the keyboard, runs no script of a payload, and fits a narrow window.
func TestThePageInABrowser(t *testing.T) {
	ctx := browser(t)
	_, url := receiving(t, 200)
	r := newRig(t, func(o *Options) { o.Target = func() string { return url } })
	r.running()
	srv := httptest.NewServer(r.s.Handler(HandlerOptions{}))
	t.Cleanup(srv.Close)
	r.create(`"firstName":"<img src=x onerror='document.title=1'>"`)
	r.finished(1)
	err := chromedp.Do(ctx,
		chromedp.Navigate(srv.URL+LogsPath),
		chromedp.Poll[chromedp.Void](`document.getElementById('live').textContent === 'Live.'`),
		// Enter on a focused summary opens it.
		chromedp.Focus("#delivery-1 summary"),
		chromedp.KeyEvent(kb.Enter),
		chromedp.WaitVisible("#delivery-1 pre"),
	)
	if err != nil {
		t.Fatal(err)
	}
	if rates := value(t, ctx, chromedp.Text("#rates")); !strings.HasPrefix(rates, "1 webhook") {
		t.Errorf("rates %q", rates)
	}
	if title := value(t, ctx, chromedp.Title()); title != "Webhook logs · Taskhook sandbox" {
		t.Errorf("title %q", title)
	}
	if body := value(t, ctx, chromedp.Text("#delivery-1 pre")); !strings.Contains(body, "<img src=x") {
		t.Errorf("payload %s", body)
	}
	if _, err := r.s.Trigger(t.Context(), "InvoicePaid"); err != nil {
		t.Fatal(err)
	}
	for _, scheme := range []string{"dark", "light"} {
		err := chromedp.Do(ctx, emulate(360, scheme),
			chromedp.Poll[chromedp.Void](`document.querySelectorAll('details').length === 2 && document.getElementById('delivery-1').open`))
		if err != nil {
			t.Fatal(err)
		}
		scroll, inner := value(t, ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth`)), value(t, ctx, chromedp.Evaluate[int](`window.innerWidth`))
		if scroll > inner || inner != 360 {
			t.Errorf("%s: the page is %d wide in a window of %d", scheme, scroll, inner)
		}
		back := value(t, ctx, chromedp.Evaluate[string](`getComputedStyle(document.body).backgroundColor`))
		if want := map[string]string{"dark": "rgb(13, 17, 23)", "light": "rgb(255, 255, 255)"}[scheme]; back != want {
			t.Errorf("%s: the background is %s", scheme, back)
		}
	}
}

// emulate gives the window a width, and the person a preference of colours.
func emulate(width int64, scheme string) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (none chromedp.Void, err error) {
		if _, err = cdp.Call(ctx, t, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: width, Height: 740, DeviceScaleFactor: 1, Mobile: true,
		}); err != nil {
			return none, err
		}
		_, err = cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return none, err
	}
}
