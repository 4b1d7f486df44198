package verify

import (
	"bytes"
	"compress/gzip"
	"crypto"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/encoding/unicode"

	"github.com/taskhook/taskhook/jsjson"
)

var update = flag.Bool("update", false, "write the vectors of testdata/vectors/verify anew")

// TestWriteVectors writes the vectors, with -update. Both schemes sign the
// same bytes alike every time, so that a second run changes nothing. The
// vectors named openssl-* are not made here: their comment has the command.
func TestWriteVectors(t *testing.T) {
	if !*update {
		t.Skip("only with -update")
	}
	m := vectorMaker{t: t, s: loadSigners(t)}
	m.plain()
	m.absent()
	m.spelling()
	m.length()
	m.headers()
	m.signers()
	m.bodies()
}

const (
	inRSA = "x-wh-signature"
	inEd  = "X-GHL-Signature"

	event = `{"type":"ContactCreate","locationId":"ve9EPM428h8vShlRW1KT","id":"nmFmQEsNgz6AVpgLVUJ0","firstName":"Zoë","email":"jane@example.com","timestamp":"2026-01-28T14:35:00.000Z","webhookId":"3f1c2a4e-9a0b-4c5d-8e6f-0a1b2c3d4e5f"}`
)

type vectorMaker struct {
	t *testing.T
	s signers
}

// write writes a vector under a name. Keys that are not given are those of the
// platform and the development pair.
func (m vectorMaker) write(name string, v vector) {
	if v.trusted == nil {
		v.trusted = []string{"taskee=test-rsa4096-a.pem", "highlevel=test-ed25519-a.pem"}
	}
	if v.known == nil {
		v.known = []string{"dev=test-rsa4096-b.pem", "dev=test-ed25519-b.pem"}
	}
	var b bytes.Buffer
	line := func(name string, values ...string) {
		for _, value := range values {
			if value != "" {
				fmt.Fprintf(&b, "%s: %s\n", name, value)
			}
		}
	}
	line("comment", v.comment)
	line("trusted", strings.Join(v.trusted, " "))
	line("known", strings.Join(v.known, " "))
	line("header", v.header...)
	line("expect", v.expect)
	line("scheme", v.scheme)
	line("in", v.in)
	line("key", v.key)
	line("reason", v.reason...)
	line("next", v.next...)
	b.WriteByte('\n')
	b.Write(v.body)
	if err := os.WriteFile(filepath.Join(vectorDir, name+".txt"), b.Bytes(), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

func (m vectorMaker) rsa(body string) string { return b64(signRSA(m.s.rsaA, []byte(body))) }
func (m vectorMaker) ed(body string) string  { return b64(ed25519.Sign(m.s.edA, []byte(body))) }

func flip(signature string) string {
	b, _ := base64.StdEncoding.DecodeString(signature)
	b[len(b)/2] ^= 1
	return b64(b)
}

func (m vectorMaker) plain() {
	r, e := inRSA+": "+m.rsa(event), inEd+": "+m.ed(event)
	m.write("valid-rsa", vector{header: []string{r}, body: []byte(event), expect: "valid", scheme: "rsa", in: inRSA, key: "taskee"})
	m.write("valid-ed25519", vector{header: []string{e}, body: []byte(event), expect: "valid", scheme: "ed25519", in: inEd, key: "highlevel"})
	m.write("valid-both", vector{
		comment: "the platform's SDK looks at the newer header first, and so does the verdict",
		header:  []string{r, e}, body: []byte(event), expect: "valid", scheme: "ed25519", in: inEd, key: "highlevel",
	})
	m.write("valid-empty-body", vector{header: []string{inRSA + ": " + m.rsa("")}, expect: "valid", scheme: "rsa", in: inRSA, key: "taskee"})
	m.write("valid-not-json", vector{
		comment: "the bytes are signed, whatever they are",
		header:  []string{inRSA + ": " + m.rsa("\x00\xff not JSON \r\n")}, body: []byte("\x00\xff not JSON \r\n"),
		expect: "valid", scheme: "rsa", in: inRSA, key: "taskee",
	})
	m.write("valid-rotated-key", vector{
		comment: "two keys of one scheme are trusted while the platform changes over",
		trusted: []string{"old=test-rsa4096-b.pem", "new=test-rsa4096-a.pem"}, known: []string{},
		header: []string{r}, body: []byte(event), expect: "valid", scheme: "rsa", in: inRSA, key: "new",
	})
	m.write("valid-rsa2048", vector{
		trusted: []string{"mine=test-rsa2048.pem"}, known: []string{},
		header: []string{inRSA + ": " + b64(signRSA(m.s.rsa2048, []byte(event)))}, body: []byte(event), expect: "valid", scheme: "rsa", in: inRSA, key: "mine",
	})
	m.write("warned-other-header-rsa", vector{
		header: []string{inRSA + ": " + flip(m.rsa(event)), e}, body: []byte(event), expect: "valid", scheme: "ed25519", in: inEd, key: "highlevel",
		reason: []string{inEd + " fits the key highlevel, but " + inRSA + " does not fit", "will refuse this event"}, next: []string{inRSA},
	})
	m.write("warned-other-header-ed25519", vector{
		header: []string{r, inEd + ": " + flip(m.ed(event))}, body: []byte(event), expect: "valid", scheme: "rsa", in: inRSA, key: "taskee",
		reason: []string{inRSA + " fits the key taskee, but " + inEd + " does not fit", "SDK checks that one alone", "will refuse this event"}, next: []string{inEd},
	})
	m.write("warned-other-header-not-base64", vector{
		header: []string{r, inEd + ": {signature}"}, body: []byte(event), expect: "valid", scheme: "rsa", in: inRSA, key: "taskee",
		reason: []string{`X-GHL-Signature is "{signature}", which is not base64`}, next: []string{inEd},
	})
	m.write("warned-other-header-no-key", vector{
		trusted: []string{"mine=test-rsa4096-a.pem"}, known: []string{},
		header: []string{r, e}, body: []byte(event), expect: "valid", scheme: "rsa", in: inRSA, key: "mine",
		reason: []string{inEd + " cannot be checked, for no trusted key is of its kind"}, next: []string{inEd},
	})
}

func (m vectorMaker) absent() {
	next := []string{"taskhook listen --verify warn"}
	m.write("unsigned", vector{header: []string{"Content-Type: application/json"}, body: []byte(event), expect: "unsigned", reason: []string{"neither a header x-wh-signature nor X-GHL-Signature"}, next: next})
	m.write("unsigned-other-platform", vector{header: []string{"X-Hub-Signature-256: sha256=00"}, body: []byte(event), expect: "unsigned", reason: []string{`"X-Hub-Signature-256" is not one that the platform sends`}, next: next})
	m.write("unsigned-na", vector{header: []string{inRSA + ": N/A"}, body: []byte(event), expect: "unsigned", reason: []string{"x-wh-signature is N/A"}, next: next})
	m.write("unsigned-na-both", vector{header: []string{inRSA + ": n/a ", inEd + ":  N/a"}, body: []byte(event), expect: "unsigned", reason: []string{"X-GHL-Signature is N/A and x-wh-signature is N/A"}, next: next})
	m.write("unsigned-empty", vector{header: []string{inEd + ": "}, body: []byte(event), expect: "unsigned", reason: []string{"X-GHL-Signature is empty"}, next: next})
	m.write("valid-beside-na", vector{header: []string{inEd + ": N/A", inRSA + ": " + m.rsa(event)}, body: []byte(event), expect: "valid", scheme: "rsa", in: inRSA, key: "taskee"})
	m.write("invalid-beside-na", vector{
		header: []string{inEd + ": N/A", inRSA + ": " + flip(m.rsa(event))}, body: []byte(event), expect: "invalid", scheme: "rsa", in: inRSA,
		reason: []string{"none of the trusted keys (taskee)"}, next: []string{"taskhook keys"},
	})
}

func (m vectorMaker) spelling() {
	sig := signRSA(m.s.rsaA, []byte(event))
	std := b64(sig)
	spelled := func(name, text, reason, next string) {
		m.write("spelling-"+name, vector{
			header: []string{inRSA + ": " + text}, body: []byte(event), expect: "invalid", scheme: "rsa", in: inRSA, key: "taskee",
			reason: []string{inRSA + " " + reason, "decoded as such it fits the key taskee"}, next: []string{next},
		})
	}
	spelled("url-safe", base64.URLEncoding.EncodeToString(sig), "is url-safe base64", "toString('base64')")
	spelled("url-safe-unpadded", base64.RawURLEncoding.EncodeToString(sig), "is url-safe base64", "toString('base64')")
	spelled("unpadded", strings.TrimRight(std, "="), "is base64 with its padding (=) missing", "with padding")
	spelled("padded-twice", std+"=", "is base64 with its padding (=) missing or wrong", "with padding")
	spelled("hexadecimal", hex.EncodeToString(sig), "is hexadecimal", "openssl base64 -A")
	spelled("quoted", `"`+std+`"`, "stands in quotation marks", "without them")
	spelled("percent-encoded", strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D").Replace(std), "is percent-encoded", "without URL encoding")
	spelled("form-decoded", strings.ReplaceAll(std, "+", " "), "has spaces in place of +", "without URL encoding")
	spelled("prefixed", "sha256="+std, "begins with a name in front", "nothing else in the header")
	m.write("spelling-wrapped", vector{
		comment: "white space within base64 is passed over, as every reader of wrapped base64 does",
		header:  []string{inRSA + ":  " + std[:64] + "\t" + std[64:] + " "}, body: []byte(event), expect: "valid", scheme: "rsa", in: inRSA, key: "taskee",
	})
	m.write("spelling-url-safe-and-wrong", vector{
		header: []string{inRSA + ": " + base64.URLEncoding.EncodeToString(signRSA(m.s.rsaA, []byte("{}")))}, body: []byte(event), expect: "invalid", scheme: "rsa", in: inRSA, key: "taskee",
		reason: []string{"is url-safe base64", "decoded as such: the key taskee made the signature", "over other bytes"}, next: []string{"toString('base64')"},
	})
	broken := func(name, text, reason string) {
		m.write("not-base64-"+name, vector{header: []string{inRSA + ": " + text}, body: []byte(event), expect: "invalid", in: inRSA, reason: []string{reason}, next: []string{"base64"}})
	}
	broken("character", std[:99]+"*"+std[100:], "is not base64: character 100 is '*'")
	broken("word", "undefined!", `is "undefined!", which is not base64`)
	broken("endless", strings.Repeat("A", maxText+1), "is 4097 characters long, and no signature is")
}

func (m vectorMaker) length() {
	next := []string{"684 characters"}
	wrong := func(name string, data []byte, reason ...string) {
		m.write("length-"+name, vector{
			header: []string{inRSA + ": " + b64(data)}, body: []byte(event), expect: "invalid", in: inRSA,
			reason: append(reason, fmt.Sprintf("wrong length: %d bytes once decoded, where an RSA signature has 512 and an Ed25519 signature 64", len(data))), next: next,
		})
	}
	mac := hmac.New(sha256.New, []byte("test"))
	mac.Write([]byte(event))
	wrong("hmac", mac.Sum(nil), "an HMAC, which the platform does not use")
	wrong("cut-short", signRSA(m.s.rsaA, []byte(event))[:300], "cut short")
	wrong("rsa2048", signRSA(m.s.rsa2048, []byte(event)), "an RSA key of 2048 bits, which is not trusted here")
	wrong("ecdsa", append([]byte{0x30, 0x44}, make([]byte, 68)...), "an ECDSA signature")
	wrong("too-long", make([]byte, 513))
	m.write("length-of-no-trusted-key", vector{
		trusted: []string{"mine=test-ed25519-a.pem"}, known: []string{},
		header: []string{inRSA + ": " + m.rsa(event)}, body: []byte(event), expect: "invalid", scheme: "rsa", in: inRSA,
		reason: []string{"x-wh-signature holds an RSA signature of 4096 bits, and no trusted key (mine) can check one"}, next: []string{"--public-key FILE"},
	})
	m.write("length-of-no-trusted-key-ed25519", vector{
		trusted: []string{"mine=test-rsa2048.pem"},
		header:  []string{inEd + ": " + m.ed(event)}, body: []byte(event), expect: "invalid", scheme: "ed25519", in: inEd,
		reason: []string{"X-GHL-Signature holds an Ed25519 signature, and no trusted key (mine) can check one"}, next: []string{"--public-key FILE"},
	})
}

func (m vectorMaker) headers() {
	r, e := m.rsa(event), m.ed(event)
	fits := "scheme and header do not fit"
	m.write("crossed-rsa", vector{
		header: []string{inEd + ": " + r}, body: []byte(event), expect: "valid", scheme: "rsa", in: inEd, key: "taskee",
		reason: []string{fits, "X-GHL-Signature holds an RSA signature of 4096 bits, where apps expect Ed25519"}, next: []string{"header of its scheme"},
	})
	m.write("crossed-ed25519", vector{
		header: []string{inRSA + ": " + e}, body: []byte(event), expect: "valid", scheme: "ed25519", in: inRSA, key: "highlevel",
		reason: []string{fits, "x-wh-signature holds an Ed25519 signature, where apps expect RSA"}, next: []string{"header of its scheme"},
	})
	m.write("crossed-and-wrong", vector{
		header: []string{inRSA + ": " + flip(e)}, body: []byte(event), expect: "invalid", scheme: "ed25519", in: inRSA,
		reason: []string{fits, "none of the trusted keys"}, next: []string{"taskhook keys"},
	})
	repeated := []string{"have the sender"}
	m.write("repeated-same", vector{
		header: []string{inRSA + ": " + r, inRSA + ": " + r}, body: []byte(event), expect: "valid", scheme: "rsa", in: inRSA, key: "taskee",
		reason: []string{"x-wh-signature came 2 times with the same value"}, next: repeated,
	})
	m.write("repeated-second-fits", vector{
		header: []string{inRSA + ": " + flip(r), inRSA + ": " + r}, body: []byte(event), expect: "valid", scheme: "rsa", in: inRSA, key: "taskee",
		reason: []string{"x-wh-signature came with 2 values that are not the same"}, next: repeated,
	})
	m.write("repeated-joined", vector{
		comment: "a proxy may join repeated headers by commas",
		header:  []string{inRSA + ": " + r + ", " + flip(r)}, body: []byte(event), expect: "valid", scheme: "rsa", in: inRSA, key: "taskee",
		reason: []string{"x-wh-signature came with 2 values that are not the same"}, next: repeated,
	})
	m.write("repeated-none-fits", vector{
		header: []string{inRSA + ": " + flip(r), inRSA + ": AAAA", inRSA + ": BBBB"}, body: []byte(event), expect: "invalid", scheme: "rsa", in: inRSA,
		reason: []string{"x-wh-signature came with 3 values", "only 2 different signatures were tried"}, next: []string{"taskhook keys"},
	})
	m.write("repeated-and-na", vector{
		header: []string{inRSA + ": N/A", inRSA + ": " + r}, body: []byte(event), expect: "valid", scheme: "rsa", in: inRSA, key: "taskee",
	})
	m.write("neither-header-fits", vector{
		comment: "what says most is told",
		header:  []string{inEd + ": AAAA", inRSA + ": " + m.rsa(event+"\n")}, body: []byte(event), expect: "invalid", scheme: "rsa", in: inRSA, key: "taskee",
		reason: []string{"the trailing newline of the body was lost", "X-GHL-Signature does not help: it has the wrong length (3 bytes)"}, next: []string{"--data-binary"},
	})
}

func (m vectorMaker) signers() {
	dev := []string{"signed by the local development key", "loopback address only", "not through the tunnel"}
	next := []string{"taskhook trigger"}
	m.write("signer-dev-rsa", vector{
		header: []string{inRSA + ": " + b64(signRSA(m.s.rsaB, []byte(event)))}, body: []byte(event), expect: "invalid", scheme: "rsa", in: inRSA, key: "dev",
		reason: dev, next: next,
	})
	m.write("signer-dev-ed25519", vector{
		header: []string{inEd + ": " + b64(ed25519.Sign(m.s.edB, []byte(event)))}, body: []byte(event), expect: "invalid", scheme: "ed25519", in: inEd, key: "dev",
		reason: dev, next: next,
	})
	m.write("signer-dev-trusted", vector{
		comment: "on the loopback address the development pair is trusted",
		trusted: []string{"taskee=test-rsa4096-a.pem", "dev=test-rsa4096-b.pem"},
		header:  []string{inRSA + ": " + b64(signRSA(m.s.rsaB, []byte(event)))}, body: []byte(event), expect: "valid", scheme: "rsa", in: inRSA, key: "dev",
	})
	m.write("signer-known", vector{
		known:  []string{"staging=test-rsa4096-b.pem"},
		header: []string{inRSA + ": " + b64(signRSA(m.s.rsaB, []byte(event)))}, body: []byte(event), expect: "invalid", scheme: "rsa", in: inRSA, key: "staging",
		reason: []string{"signed by the key staging, which is known but not trusted here"}, next: []string{"--public-key"},
	})
	unknown := []string{"another key made it"}
	m.write("signer-unknown-rsa", vector{
		known: []string{}, header: []string{inRSA + ": " + b64(signRSA(m.s.rsaB, []byte(event)))}, body: []byte(event), expect: "invalid", scheme: "rsa", in: inRSA,
		reason: append(unknown, "none of the trusted keys (taskee)"), next: []string{"taskhook keys"},
	})
	m.write("signer-unknown-ed25519", vector{
		known: []string{}, header: []string{inEd + ": " + b64(ed25519.Sign(m.s.edB, []byte(event)))}, body: []byte(event), expect: "invalid", scheme: "ed25519", in: inEd,
		reason: append(unknown, "none of the trusted keys (highlevel)"), next: []string{"taskhook keys"},
	})
	kind := func(name string, sig []byte, key string, reason, next string) {
		m.write("signed-"+name, vector{
			header: []string{inRSA + ": " + b64(sig)}, body: []byte(event), expect: "invalid", scheme: "rsa", in: inRSA, key: key,
			reason: []string{reason}, next: []string{next},
		})
	}
	sum := sha512.Sum512([]byte(event))
	sig, _ := rsa.SignPKCS1v15(nil, m.s.rsaA, crypto.SHA512, sum[:])
	kind("with-sha512", sig, "taskee", "over a SHA-512 digest", "openssl dgst -sha256")
	digest := sha256.Sum256([]byte(event))
	sig, _ = rsa.SignPKCS1v15(nil, m.s.rsaA, 0, digest[:])
	kind("a-bare-digest", sig, "taskee", "over a bare digest without the name of its hash", "openssl dgst -sha256")
}

func (m vectorMaker) bodies() {
	altered := func(name, signed, arrived, next string, reason ...string) {
		for scheme, v := range map[string]vector{
			"rsa":     {header: []string{inRSA + ": " + m.rsa(signed)}, in: inRSA, key: "taskee"},
			"ed25519": {header: []string{inEd + ": " + m.ed(signed)}, in: inEd, key: "highlevel"},
		} {
			v.scheme, v.expect, v.body, v.reason, v.next = scheme, "invalid", []byte(arrived), reason, []string{next}
			m.write("body-"+name+"-"+scheme, v)
		}
	}
	const (
		pass   = "byte for byte"
		pretty = "{\n  \"type\": \"TaskComplete\",\n  \"done\": true,\n  \"tags\": []\n}"
		packed = `{"type":"TaskComplete","done":true,"tags":[]}`
	)
	reserialised := "the body was re-serialised on its way"
	altered("newline-added", event, event+"\n", "printf", "a newline was added", "without its trailing newline")
	altered("crlf-added", event, event+"\r\n", "printf", "a newline was added", "without its trailing newline")
	altered("newline-lost", event+"\n", event, "--data-binary", "with a trailing newline")
	altered("crlf-lost", event+"\r\n", event, "--data-binary", "with a trailing CRLF")
	altered("pretty-printed", packed, pretty, pass, reserialised+": white space was added", "JSON.stringify(JSON.parse(body))", "first difference at byte 2")
	altered("rewritten", `{"a":1,"b":"/é","c":1000}`, `{"a": 1.0, "b": "\/\u00e9", "c": 1e3}`, pass, reserialised+" (", "JSON.stringify(JSON.parse(body))", "first difference at byte 6")
	altered("pretty-printed-not-javascript", `{"a":1.0,"b":"\/"}`, "{\n \"a\": 1.0,\n \"b\": \"\\/\"\n}", pass, reserialised+": white space was added", "without white space")
	altered("compacted", pretty, packed, pass, reserialised+": white space was removed", "indented by two spaces")
	altered("compacted-four", strings.ReplaceAll(pretty, "  ", "    "), packed, pass, reserialised, "indented by four spaces")
	altered("compacted-spaced", `{"type": "Task: \"a, b\"", "done": true}`, `{"type":"Task: \"a, b\"","done":true}`, pass, reserialised, "a space behind each colon and comma")
	altered("latin1-to-utf8", "{\"name\":\"Zo\xeb\"}", `{"name":"Zoë"}`, "charset=utf-8", "the charset of the body was changed", "latin-1")
	altered("utf8-read-as-latin1", `{"name":"Zoë – “x”"}`, "{\"name\":\"ZoÃ« â€“ â€œxâ€\u009d\"}", "charset=utf-8", "the charset of the body was changed")
	altered("utf8-to-latin1", `{"name":"Zoë"}`, "{\"name\":\"Zo\xeb\"}", "charset=utf-8", "latin-1 arrived", "the body in UTF-8")
	altered("bom-added", event, bom+event, pass, "byte order mark")
	altered("bom-lost", bom+event, event, pass, "the byte order mark of the body was lost")
	altered("trimmed", "a b", "  a b ", pass, "white space was added around the body")
	for name, order := range map[string]unicode.Endianness{"little": unicode.LittleEndian, "big": unicode.BigEndian} {
		for mark, policy := range map[string]unicode.BOMPolicy{"marked": unicode.UseBOM, "unmarked": unicode.IgnoreBOM} {
			wide, err := unicode.UTF16(order, policy).NewEncoder().String(event)
			if err != nil {
				m.t.Fatal(err)
			}
			altered("utf16-"+name+"-"+mark, event, wide, "charset=utf-8", "UTF-16 arrived", "the body in UTF-8")
		}
	}
	altered("serialised-twice", event, string(jsjson.Quote(event)), "without another JSON.stringify", "JSON within a JSON string", "the text in that string")
	altered("in-a-form-field", event, "payload="+url.QueryEscape(event), "application/json", "put into a field of a form", "the value of that field")
	var packedUp bytes.Buffer
	zip := gzip.NewWriter(&packedUp)
	if _, err := zip.Write([]byte(event)); err != nil {
		m.t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		m.t.Fatal(err)
	}
	m.write("body-compressed-after-signing", vector{
		header: []string{inRSA + ": " + m.rsa(event), "Content-Encoding: gzip"}, body: packedUp.Bytes(), expect: "invalid", scheme: "rsa", in: inRSA, key: "taskee",
		reason: []string{"the body was compressed after it was signed", "the body without its Content-Encoding"}, next: []string{"uncompressed"},
	})
	m.write("body-signed-as-compressed", vector{
		header: []string{inRSA + ": " + b64(signRSA(m.s.rsaA, packedUp.Bytes())), "Content-Encoding: gzip"}, body: packedUp.Bytes(), expect: "valid", scheme: "rsa", in: inRSA, key: "taskee",
	})
	m.write("body-altered-by-dev", vector{
		header: []string{inRSA + ": " + b64(signRSA(m.s.rsaB, []byte(event)))}, body: []byte(event + "\n"), expect: "invalid", scheme: "rsa", in: inRSA, key: "dev",
		reason: []string{"a newline was added", "the key dev is not trusted here either"}, next: []string{"printf"},
	})
	unnamed := func(name, arrived string, reason string) {
		m.write("body-"+name, vector{
			header: []string{inRSA + ": " + m.rsa(event)}, body: []byte(arrived), expect: "invalid", scheme: "rsa", in: inRSA, key: "taskee",
			reason: []string{fmt.Sprintf("the key taskee made the signature in x-wh-signature over other bytes than the %d that arrived", len(arrived)), reason}, next: []string{pass},
		})
	}
	unnamed("another", packed, "the signature belongs to another event")
	unnamed("empty", "", "the request arrived without a body")
	unnamed("cut-short", event[:80], "it ends after 80 B in the middle of a value and may have been cut short")
	unnamed("character-lost", strings.ReplaceAll(event, "ë", "\uFFFD"), "U+FFFD")
	unnamed("compressed", "\x1f\x8b\x08\x00", "compressed (gzip)")
	unnamed("form", "type=ContactCreate&webhookId=w1&email=jane%40example.com", "a form (application/x-www-form-urlencoded), not JSON")
	unnamed("xml", "<?xml version=\"1.0\"?><event/>", "what arrived is XML")
	unnamed("multipart", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x--\r\n", "what arrived is multipart")
	unnamed("text", "hello", "what arrived is text, not JSON")
	unnamed("another-utf16", "\xff\xfe{\x00}\x00", "what arrived is in UTF-16 (little-endian)")
	unnamed("another-serialised-twice", `"{\"a\":1}"`, "it was serialised twice")
	m.write("body-another-ed25519", vector{
		header: []string{inEd + ": " + m.ed(event)}, body: []byte(packed), expect: "invalid", scheme: "ed25519", in: inEd,
		reason: []string{"none of the trusted keys (highlevel)", "the body was changed on its way"}, next: []string{"taskhook keys"},
	})
}
