package sandbox

import (
	"strings"
	"testing"
)

func TestFixturesAreChecked(t *testing.T) {
	tests := []struct{ name, contacts, want string }{
		{"an address that is none", `{"email":"nobody"}`, "contact 1 of the fixtures: email must be an email"},
		{"an id that is none", `{"firstName":"A"},{"id":"a b"}`, `contact 2 of the fixtures: "a b" is not a valid id`},
		{"an id twice", `{"id":"a"},{"id":"a"}`, `contact 2 of the fixtures: there is another contact with the id "a"`},
		{"an unknown location", `{"locationId":"nowhere"}`, "contact 1 of the fixtures: there is no such location: nowhere"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fixtures, err := ReadFixtures(strings.NewReader(`{"contacts":[` + tt.contacts + `]}`))
			if err != nil {
				t.Fatal(err)
			}
			_, err = Open(t.Context(), "", Options{Signer: ed25519Signer(), Fixtures: fixtures})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("opened with %v, want %s", err, tt.want)
			}
		})
	}
}
