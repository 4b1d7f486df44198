package format

import (
	"strings"
	"testing"
)

func TestMaskURLs(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "",
		"/webhooks":                         "/webhooks",
		"/oauth/callback?code=abc&state=xy": "/oauth/callback?code=***&state=***",
		"/oauth/callback?locationId=1&code=a%20b#part":                               "/oauth/callback?locationId=1&code=***#part",
		"?Access_Token=a&refresh-token=b&client_secret=c&X-Amz-Signature=d&apikey=e": "?Access_Token=***&refresh-token=***&client_secret=***&X-Amz-Signature=***&apikey=***",
		"/?user%5Bpassword%5D=a&user[token]=b&auth.id_token=c":                       "/?user%5Bpassword%5D=***&user[token]=***&auth.id_token=***",
		"/?c%6fde=abc": "/?c%6fde=***",
		"https://x/#access_token=abc&type=bearer": "https://x/#access_token=***&type=bearer",
		"/?code=":      "/?code=",
		"/?code&state": "/?code&state",
		"/?code=a=b":   "/?code=***",
		"/?postal_code=10001&country_code=US&statement=1&keys=2": "/?postal_code=10001&country_code=US&statement=1&keys=2",
		"/?next=%2Foauth%3Fcode%3Dabc%26a%3D1&b=%2F":             "/?next=%2Foauth%3Fcode%3D***%26a%3D1&b=%2F",
		"/?a=1?code=abc&b=?":                                     "/?a=1?code=***&b=?",
		"GET /cb?code=abc HTTP/1.1":                              "GET /cb?code=*** HTTP/1.1",
		"your app redirects to /x?code=abc, but webhooks do not": "your app redirects to /x?code=***, but webhooks do not",
		"why? the code = 5, token=abc":                           "why? the code = 5, token=abc",
		`"/x?token=abc" and "/y?token=def"`:                      `"/x?token=***" and "/y?token=***"`,
		"what?x=1&code=***":                                      "what?x=1&code=***",
	} {
		if got := MaskURLs(text); got != want {
			t.Errorf("MaskURLs(%q) = %q, want %q", text, got, want)
		}
		if got := MaskURLs(want); got != want {
			t.Errorf("masked again: %q, want %q", got, want)
		}
	}
}

func FuzzMaskURLs(f *testing.F) {
	f.Add("/oauth/callback?code=abc", "&state=x")
	f.Fuzz(func(t *testing.T, before, after string) {
		const value = "s3cr3tvalue"
		if strings.Contains(before+after, value) {
			return
		}
		if got := MaskURLs("/a?x=1&code=" + value + "&" + after); strings.Contains(got, value) {
			t.Errorf("%q", got)
		}
		_ = MaskURLs(before)
	})
}
