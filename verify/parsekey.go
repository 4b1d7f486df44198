package verify

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
)

// KeyError is returned when a file does not hold exactly one public key that
// Taskhook can trust.
type KeyError struct {
	Reason string // what is wrong with it
	Hint   string // one thing to do about it
}

// Error returns the reason and the hint in one line.
func (e *KeyError) Error() string { return e.Reason + ": " + e.Hint }

func keyError(reason, hint string) error { return &KeyError{Reason: reason, Hint: hint} }

const keyWanted = "use a public key in PEM form, RSA of 2048 to 8192 bits or Ed25519"

// ParseKey reads a public key in PEM form: PKIX ("PUBLIC KEY") or PKCS#1
// ("RSA PUBLIC KEY"), RSA of 2048 to 8192 bits or Ed25519. Text before the key
// is ignored, as openssl writes it with -text; a second key or anything else
// after it is an error, because one name stands for one key. Every error is a
// [*KeyError]; name is what its hints call the file.
func ParseKey(name string, text []byte) (Key, error) {
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))
	block, rest := pem.Decode(text)
	if block == nil {
		return Key{}, notPEM(name, text)
	}
	if err := wrongBlock(name, block.Type); err != nil {
		return Key{}, err
	}
	if rest = bytes.TrimSpace(rest); len(rest) > 0 {
		return Key{}, trailing(rest)
	}
	public, err := parseDER(block.Bytes)
	if err != nil {
		return Key{}, keyError(fmt.Sprintf("its PEM block does not hold a public key (%v)", err), "copy it again, all lines from BEGIN to END")
	}
	if reason := wrongKey(public); reason != "" {
		return Key{}, keyError(reason, keyWanted)
	}
	return Key{Name: name, Public: public}, nil
}

// parseDER reads either form, whatever the PEM block is called: tools label
// them wrongly, and the two cannot be mistaken for each other.
func parseDER(der []byte) (any, error) {
	if rsaKey, err := x509.ParsePKCS1PublicKey(der); err == nil {
		return rsaKey, nil
	}
	return x509.ParsePKIXPublicKey(der)
}

// wrongKey says why a well-formed public key cannot be trusted, "" if it can.
func wrongKey(public any) string {
	switch p := public.(type) {
	case *rsa.PublicKey:
		return rsaUsable(p)
	case ed25519.PublicKey:
		return ""
	case *ecdsa.PublicKey:
		return "it is an ECDSA key on the curve " + p.Curve.Params().Name + ", which the platform does not sign with"
	case *ecdh.PublicKey:
		return "it is an X25519 key, which is for key exchange and signs nothing"
	}
	return fmt.Sprintf("it is a key of the kind %T, which the platform does not sign with", public)
}

// wrongBlock explains a PEM block that is not a public key.
func wrongBlock(name, kind string) error {
	switch {
	case kind == "PUBLIC KEY" || kind == "RSA PUBLIC KEY":
		return nil
	case kind == "OPENSSH PRIVATE KEY":
		return keyError("it holds a private key in OpenSSH form", "only the public half belongs here, as PEM: "+sshHint(name))
	case strings.Contains(kind, "PRIVATE KEY"):
		return keyError("it holds a private key", "only the public half belongs here; write it with: openssl pkey -in "+name+" -pubout -out public.pem")
	case strings.HasSuffix(kind, "CERTIFICATE REQUEST"):
		return keyError("it holds a certificate request", "take its public key out with: openssl req -in "+name+" -noout -pubkey -out public.pem")
	case strings.HasSuffix(kind, "CERTIFICATE"):
		return keyError("it holds a certificate", "take its public key out with: openssl x509 -in "+name+" -noout -pubkey > public.pem")
	}
	return keyError(fmt.Sprintf("it holds a PEM block of the kind %.40q", kind), keyWanted)
}

// trailing explains what follows the first key.
func trailing(rest []byte) error {
	if next, _ := pem.Decode(rest); next != nil {
		return keyError("it holds more than one PEM block", "put each key into a file of its own and name each file")
	}
	return keyError(fmt.Sprintf("%d bytes of something else follow the key's END line", len(rest)), "delete them")
}

// notPEM explains text in which no PEM block was found.
func notPEM(name string, text []byte) error {
	s := string(text)
	switch {
	case len(text) == 0:
		return keyError("it is empty", keyWanted)
	case bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")):
		return keyError("it is UTF-16 text", "save it as UTF-8")
	case strings.HasPrefix(s, "ssh-") || strings.HasPrefix(s, "ecdsa-sha2-") || strings.HasPrefix(s, "sk-"):
		return keyError("it is a key in OpenSSH form, not PEM", sshHint(name))
	case strings.HasPrefix(s, "---- BEGIN SSH2"):
		return keyError("it is a key in SSH2 form, not PEM", "convert it with: ssh-keygen -i -f "+name+" > key.pub && ssh-keygen -e -m PKCS8 -f key.pub > public.pem")
	case strings.Contains(s, "-----BEGIN") && strings.Contains(s, `\n`):
		return keyError(`its line breaks are written as the two characters \n`, "replace each of them by a line break")
	case strings.Contains(s, "-----BEGIN"):
		return keyError("its PEM block is damaged: a line is missing, or the base64 between BEGIN and END is broken", "copy it again, all lines from BEGIN to END")
	case isDER(text):
		return keyError("it is a key in DER form, not PEM", "convert it with: openssl pkey -pubin -inform DER -in "+name+" -out public.pem")
	case isBareBase64(s):
		return keyError("it is the base64 of a key without its first and last line", "put -----BEGIN PUBLIC KEY----- above and -----END PUBLIC KEY----- below it")
	case strings.HasPrefix(s, "{"):
		return keyError("it is JSON (a JWK?), not PEM", keyWanted)
	}
	return keyError("it is not PEM: there is no -----BEGIN line", keyWanted)
}

func sshHint(name string) string {
	return "convert an RSA key with ssh-keygen -e -m PKCS8 -f " + name + " > public.pem; ask for any other kind as PEM"
}

func isDER(b []byte) bool {
	_, err := parseDER(b)
	return err == nil
}

func isBareBase64(s string) bool {
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(s), ""))
	return err == nil && isDER(der)
}
