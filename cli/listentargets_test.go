package cli

import (
	"slices"
	"strings"
	"testing"
)

func TestTheShieldIsForAllAppsOrForSome(t *testing.T) {
	tests := []struct {
		args []string
		all  bool
		some []string
		err  string
	}{
		{nil, false, nil, ""},
		{[]string{"--shield"}, true, nil, ""},
		{[]string{"--shield=false"}, false, nil, ""},
		{[]string{"--shield=3000"}, false, []string{"3000"}, ""},
		{[]string{"--shield=3001/hooks,3000"}, false, []string{"3001/hooks", "3000"}, ""},
		{[]string{"--shield=3000", "--shield=localhost:3001/hooks"}, false, []string{"3000", "3001/hooks"}, ""},
		{[]string{"--shield=3001"}, false, []string{"3001/hooks", "3001/other"}, ""},
		{[]string{"--shield=3001/else"}, false, nil, "--shield=3001/else names no app of this listener"},
		{[]string{"--shield=3002"}, false, nil, "--shield=3002 names no app of this listener"},
		{[]string{"--shield=nonsense!"}, false, nil, "names no app of this listener"},
	}
	for _, tt := range tests {
		args := append([]string{"--route", "type:A -> 3001/hooks", "--route", "type:B -> none", "--route", "type:C -> 3001/other"}, tt.args...)
		o, err := understood(t, map[string]string{}, args...)
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%q: %v", tt.args, err)
			}
			continue
		}
		var some []string
		for _, target := range o.Proxy.Shielded {
			some = append(some, target.Short())
		}
		if err != nil || o.Proxy.Shield != tt.all || !slices.Equal(some, tt.some) {
			t.Errorf("%q: all %v, some %q, %v", tt.args, o.Proxy.Shield, some, err)
		}
	}
}

func TestWhatIsSignedAnewMustHaveBeenVerified(t *testing.T) {
	for _, mode := range []string{"enforce", "warn"} {
		if _, err := understood(t, map[string]string{}, "--sign", "dev", "--verify", mode); err != nil {
			t.Errorf("%s: %v", mode, err)
		}
	}
	if _, err := understood(t, map[string]string{}, "--sign", "dev", "--verify", "off"); err == nil {
		t.Error("nothing is verified, and nothing is said of that")
	}
}
