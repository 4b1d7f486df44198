package listener

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/proxy"
	"github.com/taskhook/taskhook/webhook"
)

// rememberApps keeps where events go, and how, for who resends them when no
// listener runs.
func (l *Listener) rememberApps(ctx context.Context) error {
	texts := []string{}
	for _, r := range l.proxy.Routes() {
		texts = append(texts, r.String())
	}
	routes, err := json.Marshal(texts)
	return errors.Join(err,
		l.remember(ctx, settingTarget, l.target().String()),
		l.remember(ctx, settingRoutes, string(routes)),
		l.remember(ctx, settingSign, string(l.sign())),
	)
}

// remember stores a setting unless it is stored.
func (l *Listener) remember(ctx context.Context, name, value string) error {
	if before, err := l.Setting(name); err == nil && before == value {
		return nil
	}
	return l.SetSetting(ctx, name, value)
}

// sendLike sends as the last listener did.
func (s *Stored) sendLike(o StoredOptions) error {
	p := proxy.Options{Signer: o.Signer, AppWait: proxy.DefaultAppWait, Via: o.Via}
	err := s.recall(&p)
	if o.ReadOnly {
		return nil // what cannot be recalled, perhaps another version's, hides no events
	}
	if err == nil {
		s.send(p)
	}
	return err
}

// recall reads where the last listener's events went, and how.
func (s *Stored) recall(p *proxy.Options) error {
	var values [3]string
	for i, name := range [...]string{settingTarget, settingRoutes, settingSign} {
		var err error
		if values[i], err = s.Setting(name); err != nil {
			return err
		}
	}
	target, routes, sign := values[0], values[1], webhook.Sign(values[2])
	s.about.Target, s.about.Sign, p.Sign = target, sign, sign
	if target == "" {
		return nil
	}
	t, err := httpwire.ParseTarget(target)
	if err != nil {
		return fmt.Errorf("the last listener's target: %w", err)
	}
	p.Targets = []httpwire.Target{t}
	if routes == "" {
		return nil // of a version that had none
	}
	var texts []string
	if err := json.Unmarshal([]byte(routes), &texts); err != nil {
		return fmt.Errorf("the last listener's routes: %w", err)
	}
	for _, text := range texts {
		r, err := proxy.ParseRoute(text)
		if err != nil {
			return fmt.Errorf("the last listener's route %s: %w", text, err)
		}
		p.Routes = append(p.Routes, r)
		s.about.Routes = append(s.about.Routes, webhook.Route{Filter: r.Filter, Target: r.Target.String()})
	}
	return nil
}
