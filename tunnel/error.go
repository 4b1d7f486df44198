package tunnel

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"syscall"

	"golang.ngrok.com/ngrok/v2"

	"github.com/taskhook/taskhook/format"
)

// Error says why the tunnel could not be opened, or why the public URL does
// not lead here. It never holds the authtoken.
type Error struct {
	// Code is ngrok's, "ERR_NGROK_…"; "" when ngrok has not answered.
	Code string
	// Message is a sentence without the code.
	Message string
	// Hint is the one thing to do next, "" when none is known.
	Hint string
}

// Error is the message, and the code where there is one.
func (e *Error) Error() string {
	if e.Code == "" {
		return e.Message
	}
	return fmt.Sprintf("%s (%s)", e.Message, e.Code)
}

// codeAlreadyOnline is ngrok's code for a name that is in use.
const codeAlreadyOnline = "ERR_NGROK_334"

// AuthtokenHint says where an authtoken is to be had and where it belongs.
const AuthtokenHint = "copy yours from dashboard.ngrok.com/get-started/your-authtoken, then: export NGROK_AUTHTOKEN=…"

// Hints that several codes share.
const (
	hintBilling = "see dashboard.ngrok.com/billing"
	hintDomain  = "see dashboard.ngrok.com/domains for the domains of your account, or leave --url out"
	hintUpdate  = "update taskhook: ngrok no longer serves this version of its client"
	hintPlace   = "ngrok does not serve this account from this network: try another, or see dashboard.ngrok.com/ip-restrictions"
	hintNetwork = "check the network; where only a proxy leads out, see --ngrok-connect-url and --ngrok-ca"
	hintCA      = "behind a proxy that opens TLS, name its certificates with --ngrok-ca FILE"
)

// hints is what to do about ngrok's answers.
var hints = map[string]string{
	"ERR_NGROK_102":  hintBilling,
	"ERR_NGROK_103":  "the account is suspended: ask support@ngrok.com",
	"ERR_NGROK_105":  AuthtokenHint,
	"ERR_NGROK_106":  AuthtokenHint,
	"ERR_NGROK_107":  AuthtokenHint,
	"ERR_NGROK_108":  "stop another agent of your account, listed at dashboard.ngrok.com/agents",
	"ERR_NGROK_109":  AuthtokenHint,
	"ERR_NGROK_115":  hintPlace,
	"ERR_NGROK_116":  hintPlace,
	"ERR_NGROK_119":  hintUpdate,
	"ERR_NGROK_120":  hintUpdate,
	"ERR_NGROK_121":  hintUpdate,
	"ERR_NGROK_310":  hintDomain,
	"ERR_NGROK_313":  hintDomain,
	"ERR_NGROK_314":  hintDomain,
	"ERR_NGROK_319":  hintDomain,
	"ERR_NGROK_320":  hintDomain,
	"ERR_NGROK_324":  "stop another endpoint of your account, listed at dashboard.ngrok.com/endpoints",
	"ERR_NGROK_334":  "stop the other endpoint, listed at dashboard.ngrok.com/endpoints, or use another --url",
	"ERR_NGROK_348":  "stop another agent of your account, listed at dashboard.ngrok.com/agents",
	"ERR_NGROK_354":  hintDomain,
	"ERR_NGROK_727":  hintBilling,
	"ERR_NGROK_3200": "the endpoint is offline at ngrok: wait for the tunnel to be online again",
	"ERR_NGROK_4018": AuthtokenHint,
	"ERR_NGROK_4027": hintBilling,
	"ERR_NGROK_9037": hintDomain,
	"ERR_NGROK_9040": hintPlace,
}

// hintFor is what to do about a code of ngrok.
func hintFor(code string) string {
	if hint, known := hints[code]; known {
		return hint
	}
	if code == "" {
		return ""
	}
	return "see ngrok.com/docs/errors/" + strings.ToLower(code)
}

var codePattern = regexp.MustCompile(`ERR_NGROK_\d+`)

// innerError is the shape of the SDK's errors with a code that are not an
// [ngrok.Error].
type innerError interface {
	error
	ErrorCode() string
}

// codeOf finds ngrok's code in an error of the SDK, "" when there is none.
func codeOf(err error) string {
	if own, ok := errors.AsType[*Error](err); ok {
		return own.Code
	}
	if inner, ok := errors.AsType[innerError](err); ok && inner.ErrorCode() != "" {
		return inner.ErrorCode()
	}
	if outer, ok := errors.AsType[ngrok.Error](err); ok && outer.Code() != "" {
		return outer.Code()
	}
	return codePattern.FindString(err.Error())
}

// refused reports whether ngrok itself has said no: trying the same again at
// once would bring the same answer.
func refused(err error) bool {
	if codeOf(err) != "" {
		return true
	}
	_, inner := errors.AsType[innerError](err)
	_, outer := errors.AsType[ngrok.Error](err)
	return inner || outer
}

// sdkPrefixes are words of the SDK's in front of ngrok's, in their order.
var sdkPrefixes = []string{"failed to connect: ", "authentication failed: ", "failed to start tunnel: ", "failed to accept connection: ", "diagnose tls: "}

// explain turns an error of the SDK or the network into words.
func (s settings) explain(err error) *Error {
	if own, ok := errors.AsType[*Error](err); ok {
		return own
	}
	text := plainText(err.Error(), s.Authtoken)
	for _, said := range sdkPrefixes {
		text = strings.TrimPrefix(text, said)
	}
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	switch code := codeOf(err); {
	case refused(err):
		return &Error{Code: code, Message: "ngrok refuses: " + text, Hint: hintFor(code)}
	case certificate, strings.Contains(text, "x509:"):
		return &Error{Message: fmt.Sprintf("the certificate of %s is not trusted: %s", s.where(), text), Hint: hintCA}
	case errors.Is(err, errNoAnswer):
		return &Error{Message: s.where() + " does not answer", Hint: hintNetwork}
	}
	return &Error{Message: fmt.Sprintf("no connection to %s: %s", s.where(), reason(err, text)), Hint: hintNetwork}
}

// reason is the short form of the network's usual errors.
func reason(err error, otherwise string) string {
	dns, isDNS := errors.AsType[*net.DNSError](err)
	network, isNetwork := errors.AsType[net.Error](err)
	switch {
	case isDNS && dns.IsNotFound:
		return "DNS does not know " + dns.Name
	case isDNS:
		return "DNS does not answer for " + dns.Name
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "the network does not lead there"
	case isNetwork && network.Timeout():
		return "no answer in time"
	}
	return otherwise
}

// maxText bounds, in bytes, what is shown of a message of ngrok's.
const maxText = 400

// plainText is the first paragraph of a message on one line, without codes and
// without the authtoken, which ngrok quotes.
func plainText(text, token string) string {
	var kept []string
	for line := range strings.Lines(redact(text, token)) {
		line = strings.TrimSpace(line)
		quoted := strings.Contains(line, hidden) && strings.Contains(strings.ToLower(line), "your authtoken")
		switch {
		case line == "" && len(kept) > 0:
			return sentence(kept)
		case line == "", quoted, codePattern.MatchString(line) && !strings.Contains(line, " "):
			continue
		}
		kept = append(kept, line)
	}
	return sentence(kept)
}

func sentence(lines []string) string {
	text := format.Clean(strings.Join(lines, " "))
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "…"
	}
	if text == "" {
		return "it gives no reason"
	}
	return strings.TrimSuffix(text, ".")
}
