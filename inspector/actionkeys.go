package inspector

import "charm.land/bubbles/v2/key"

// actionKeys do something to events: to the selected one or, once the person
// has said so, to the marked ones. SendShown and DeleteShown act on all that
// the list has under its filter.
type actionKeys struct {
	Resend, CancelResend, AsNew, Elsewhere, Edit, SendShown, Delete, DeleteShown, Export key.Binding
}

func newActionKeys() actionKeys {
	return actionKeys{
		Resend:       bind("r", "resend", "r"),
		CancelResend: bind("X", "cancel the resend", "X"),
		AsNew:        bind("f", "resend as new", "f"),
		Elsewhere:    bind("R", "resend elsewhere", "R"),
		Edit:         bind("e", "edit and resend", "e"),
		SendShown:    bind("S", "resend all shown", "S"),
		Delete:       bind("d", "delete", "d"),
		DeleteShown:  bind("D", "delete all shown", "D"),
		Export:       bind("x", "export", "x"),
	}
}

func (k *actionKeys) enable(s situation) {
	list := s.place == inList && s.events
	detail := s.place == inDetail && s.events
	for _, b := range []*key.Binding{&k.Resend, &k.AsNew, &k.Elsewhere, &k.Edit, &k.Delete, &k.Export} {
		b.SetEnabled(list || detail)
	}
	k.CancelResend.SetEnabled(s.sending && (s.place == inList || s.place == inDetail))
	k.SendShown.SetEnabled(list)
	k.DeleteShown.SetEnabled(list)
}

func (k *actionKeys) all() []key.Binding {
	return []key.Binding{k.Resend, k.CancelResend, k.AsNew, k.Elsewhere, k.Edit, k.SendShown, k.Delete, k.DeleteShown, k.Export}
}
