package format

import (
	"net/url"
	"strings"
)

// masked stands for a value that people need not see.
const masked = "***"

// MaskURLs hides the values of query parameters such as code, state and token
// in the URLs of a text: what is on a screen or in a log is shared more widely
// than it was meant. Text without such a value is returned as it is, without a
// copy. It is for what people read; programs get the values.
func MaskURLs(text string) string {
	var b strings.Builder
	done := 0 // up to here the text is in b
	for at := 0; at < len(text); {
		i := strings.IndexAny(text[at:], "?&#")
		if i < 0 {
			break
		}
		at += i + 1
		name, _, ok := strings.Cut(text[at:], "=")
		if !ok {
			break
		}
		if strings.ContainsAny(name, "?&# \t\n\"'<>") {
			continue
		}
		at += len(name) + 1
		value := valueOf(text[at:])
		if hidden := maskValue(name, value); hidden != value {
			b.WriteString(text[done:at])
			b.WriteString(hidden)
			at += len(value)
			done = at
		}
	}
	if done == 0 {
		return text
	}
	return b.String() + text[done:]
}

// valueOf is the value that a text begins with, without what ends a sentence.
func valueOf(text string) string {
	end := strings.IndexAny(text, "&# \t\n\"'<>")
	if end < 0 {
		end = len(text)
	}
	if end < len(text) && (text[end] == '&' || text[end] == '#') {
		return text[:end]
	}
	return strings.TrimRight(text[:end], ".,:;)")
}

// maskValue is what people see of the value of a parameter, both
// percent-encoded.
func maskValue(name, value string) string {
	if value == "" {
		return value
	}
	if confidential(name) {
		return masked
	}
	// A URL within a URL, such as next=%2Foauth%3Fcode%3D1.
	if decoded, err := url.QueryUnescape(value); err == nil && decoded != value {
		if inner := MaskURLs(decoded); inner != decoded {
			return strings.ReplaceAll(url.QueryEscape(inner), url.QueryEscape(masked), masked)
		}
	}
	return value
}

// confidentialNames are parameters of OAuth, OpenID Connect, SAML and signed
// URLs; confidentialEnds are what the names of others end in.
var (
	confidentialNames = map[string]bool{
		"code": true, "authcode": true, "authorizationcode": true, "accesscode": true, "devicecode": true, "usercode": true,
		"state": true, "oauthstate": true, "sessionstate": true, "nonce": true, "key": true, "sig": true, "auth": true,
		"authorization": true, "session": true, "sessionid": true, "sid": true, "ticket": true, "otp": true, "pin": true,
		"pass": true, "pwd": true, "samlresponse": true, "samlrequest": true, "relaystate": true, "wresult": true,
	}
	confidentialEnds = [...]string{
		"token", "secret", "password", "passwd", "passphrase", "signature", "apikey", "accesskey", "accesskeyid", "privatekey",
		"credential", "credentials", "assertion", "verifier", "jwt", "hmac",
	}
)

// confidential reports whether the value of a parameter is nobody else's
// business.
func confidential(name string) bool {
	if plain, err := url.QueryUnescape(name); err == nil {
		name = plain
	}
	name = strings.TrimSuffix(name, "]")
	name = name[strings.LastIndexAny(name, "[.")+1:] // of user[token] or user.token
	name = strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))
	if confidentialNames[name] {
		return true
	}
	for _, end := range confidentialEnds {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}
