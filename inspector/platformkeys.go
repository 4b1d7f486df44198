package inspector

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// platformKeys simulate the platform, disturb it, and resend what it gave up.
type platformKeys struct {
	Simulate, Faults, Shield, ResendFailed, SkipVerify key.Binding
}

func newPlatformKeys() platformKeys {
	return platformKeys{
		Simulate:     bind("t", "simulate retries", "t"),
		Faults:       bind("F", "fault rules", "F"),
		Shield:       bind("H", "shield up", "H"),
		ResendFailed: bind("ctrl+r", "resend failed", "ctrl+r"),
		SkipVerify:   bind("a", "let such requests pass", "a"),
	}
}

func (k *platformKeys) enable(s situation) {
	both := s.place == inList || s.place == inDetail
	k.Simulate.SetEnabled(both && s.events)
	k.Faults.SetEnabled(both && s.running)
	k.Shield.SetEnabled(both && s.running)
	k.ResendFailed.SetEnabled(both)
	k.SkipVerify.SetEnabled(both && s.running && s.skippable)
	k.Shield.SetHelp("H", toggled(s.shield, "shield down", "shield up"))
}

func (k *platformKeys) all() []key.Binding {
	return []key.Binding{k.Simulate, k.Faults, k.Shield, k.ResendFailed, k.SkipVerify}
}

// pressPlatform does what a key asks for, and reports whether it was such a
// key.
func (m *model) pressPlatform(msg tea.KeyPressMsg) (tea.Cmd, bool) {
	k := &m.keys
	switch {
	case key.Matches(msg, k.Simulate):
		return m.askSimulation(), true
	case key.Matches(msg, k.Faults):
		m.ask(&faultTable{})
		return nil, true
	case key.Matches(msg, k.Shield):
		return m.toggleShield(), true
	case key.Matches(msg, k.ResendFailed):
		return m.planResendFailed(failedForm{}), true
	case key.Matches(msg, k.SkipVerify):
		m.askSkipVerify()
		return nil, true
	}
	return nil, false
}
