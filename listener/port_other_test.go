//go:build !linux

package listener

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWhatLsofPrints(t *testing.T) {
	const out = "p12\ncnode\nf21\ntIPv4\nn127.0.0.1:3000\nf22\ntIPv6\nn[::1]:3000\np34\ncpython3\nf5\ntIPv6\nn*:3000\n"
	node, python := program{"node", "12"}, program{"python3", "34"}
	want := map[string]program{"IPv4 127.0.0.1": node, "IPv6 [::1]": node, "IPv6 *": python}
	if diff := cmp.Diff(want, readLsof(out), cmp.AllowUnexported(program{})); diff != "" {
		t.Error(diff)
	}
}
