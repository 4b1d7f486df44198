package verify

import (
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/taskhook/taskhook/taskee"
)

func TestParseKeyReadsWhatPeopleHave(t *testing.T) {
	tests := []struct{ name, file, scheme string }{
		{"PKIX, RSA of 4096 bits", "test-rsa4096-a.pem", taskee.SchemeRSA},
		{"PKCS#1, RSA of 4096 bits", "test-rsa4096-a.pkcs1.pem", taskee.SchemeRSA},
		{"RSA of 2048 bits", "test-rsa2048.pem", taskee.SchemeRSA},
		{"RSA of 8192 bits", "test-rsa8192.pem", taskee.SchemeRSA},
		{"Ed25519", "test-ed25519-a.pem", taskee.SchemeEd25519},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(keyDir, tt.file))
			if err != nil {
				t.Fatal(err)
			}
			for how, text := range map[string]string{
				"as written":                     string(text),
				"without its last newline":       strings.TrimSpace(string(text)),
				"with Windows line ends":         strings.ReplaceAll(string(text), "\n", "\r\n"),
				"behind a byte order mark":       bom + string(text),
				"behind what openssl -text says": "Public-Key: (4096 bit)\nModulus: …\n" + string(text),
			} {
				k, err := ParseKey("mine", []byte(text))
				if err != nil {
					t.Errorf("%s: %v", how, err)
					continue
				}
				if k.Name != "mine" || k.Scheme() != tt.scheme {
					t.Errorf("%s: name %q, scheme %q", how, k.Name, k.Scheme())
				}
			}
		})
	}
}

func TestBothFormsOfAKeyAreTheSameKey(t *testing.T) {
	pkix, pkcs1 := keyFile(t, "a", "test-rsa4096-a.pem"), keyFile(t, "b", "test-rsa4096-a.pkcs1.pem")
	if pkix.Fingerprint() != pkcs1.Fingerprint() {
		t.Errorf("fingerprints %s and %s", pkix.Fingerprint(), pkcs1.Fingerprint())
	}
	if other := keyFile(t, "c", "test-rsa4096-b.pem"); other.Fingerprint() == pkix.Fingerprint() {
		t.Error("two keys have one fingerprint")
	}
}

// The fingerprint is what this prints:
//
//	openssl pkey -pubin -in KEY.pem -outform DER | openssl dgst -sha256 -binary | base64
func TestFingerprintIsThatOfThePKIXForm(t *testing.T) {
	const want = "SHA256:3BZ4jmh3fr5tSy/JiLxJA6I2bVzEABt/TWjI9+6mw9g"
	if got := keyFile(t, "a", "test-rsa4096-a.pkcs1.pem").Fingerprint(); got != want {
		t.Errorf("fingerprint %s, want %s", got, want)
	}
}

func TestParseKeyRefusesAnythingElseWithTheReason(t *testing.T) {
	read := func(file string) string {
		text, err := os.ReadFile(filepath.Join(keyDir, file))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	key := read("test-ed25519-a.pem")
	bare := strings.Split(strings.TrimSpace(key), "\n")[1]
	block := func(kind string, content []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}))
	}
	tests := []struct{ name, text, reason, hint string }{
		{"an empty file", "", "is empty", "a public key in PEM form"},
		{"nothing but white space", " \r\n\t\n", "is empty", ""},
		{"a private key", read("test-rsa4096-a.private.pem"), "a private key", "openssl pkey -in k.pem -pubout"},
		{"a private key in PKCS#1", block("RSA PRIVATE KEY", nil), "a private key", "-pubout"},
		{"an encrypted private key", block("ENCRYPTED PRIVATE KEY", nil), "a private key", "-pubout"},
		{"a private key of OpenSSH", block("OPENSSH PRIVATE KEY", nil), "a private key in OpenSSH form", "ssh-keygen"},
		{"a certificate", read("test-certificate.pem"), "a certificate", "openssl x509 -in k.pem -noout -pubkey"},
		{"a certificate request", read("test-certificate-request.pem"), "a certificate request", "openssl req"},
		{"another PEM block", block("PGP PUBLIC KEY BLOCK", nil), `"PGP PUBLIC KEY BLOCK"`, "a public key in PEM form"},
		{"an OpenSSH key, RSA", read("test-openssh-rsa.pub"), "OpenSSH form", "ssh-keygen -e -m PKCS8 -f k.pem"},
		{"an OpenSSH key, Ed25519", read("test-openssh-ed25519.pub"), "OpenSSH form", "ask for any other kind as PEM"},
		{"an SSH2 key", "---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n---- END SSH2 PUBLIC KEY ----\n", "SSH2 form", "ssh-keygen -i"},
		{"ECDSA", read("test-ecdsa-p256.pem"), "an ECDSA key on the curve P-256", "RSA of 2048 to 8192 bits or Ed25519"},
		{"X25519", read("test-x25519.pem"), "an X25519 key", "Ed25519"},
		{"RSA of 1024 bits", read("test-rsa1024.pem"), "1024 bits", "RSA of 2048"},
		{"two keys", key + read("test-rsa2048.pem"), "more than one PEM block", "a file of its own"},
		{"garbage behind the key", key + "\nhello", "5 bytes of something else", "delete"},
		{"garbage inside the key", block("PUBLIC KEY", []byte("hello")), "does not hold a public key", "copy it again"},
		{"bytes behind the key's ASN.1", block("PUBLIC KEY", append(pkixOf(t, key), 0)), "trailing data", "copy it again"},
		{"a key cut short", key[:len(key)-30], "damaged", "from BEGIN to END"},
		{"line breaks written as two characters", strings.ReplaceAll(key, "\n", `\n`), `two characters \n`, "line break"},
		{"base64 without armour", bare, "without its first and last line", "-----BEGIN PUBLIC KEY-----"},
		{"DER", read("test-ed25519-a.der"), "DER form", "openssl pkey -pubin -inform DER"},
		{"UTF-16", "\xff\xfe-\x00-\x00", "UTF-16", "UTF-8"},
		{"a JWK", `{"kty":"RSA"}`, "JWK", "PEM"},
		{"words", "my key", "not PEM", "PEM"},
		{"an RSA exponent of 1, under which anything is signed", block("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&rsa.PublicKey{N: oddNumber(2048), E: 1})), "not a sound RSA key", ""},
		{"an even RSA modulus", block("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 2048), E: 3})), "not a sound RSA key", ""},
		{"an RSA key too large to check", block("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&rsa.PublicKey{N: oddNumber(8193), E: 3})), "more than 8192", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseKey("k.pem", []byte(tt.text))
			var ke *KeyError
			if !errors.As(err, &ke) {
				t.Fatalf("error %v, want a *KeyError", err)
			}
			if !strings.Contains(ke.Reason, tt.reason) || !strings.Contains(ke.Hint, tt.hint) || ke.Hint == "" {
				t.Errorf("reason %q, hint %q", ke.Reason, ke.Hint)
			}
			if !strings.Contains(err.Error(), ke.Reason) || !strings.Contains(err.Error(), ke.Hint) {
				t.Errorf("error %q does not say both", err)
			}
		})
	}
}

func pkixOf(t *testing.T, text string) []byte {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	return block.Bytes
}

func oddNumber(bits uint) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(1), bits-1)
	return n.Add(n, big.NewInt(1))
}

// The commands that the hints name turn the refused file into one that is read.
func TestTheHintsLeadToAKey(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	for name, args := range map[string][]string{
		"private key":         {"pkey", "-in", "test-rsa2048.private.pem", "-pubout"},
		"certificate":         {"x509", "-in", "test-certificate.pem", "-noout", "-pubkey"},
		"certificate request": {"req", "-in", "test-certificate-request.pem", "-noout", "-pubkey"},
		"DER":                 {"pkey", "-pubin", "-inform", "DER", "-in", "test-ed25519-a.der"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(openssl, args...)
			cmd.Dir = keyDir
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := ParseKey("k.pem", out); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestPlatformKeysAreBuiltIn(t *testing.T) {
	keys, err := PlatformKeys()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, k := range keys {
		got[k.Name] = k.Scheme()
		if !strings.HasPrefix(k.Fingerprint(), "SHA256:") {
			t.Errorf("%s: fingerprint %q", k.Name, k.Fingerprint())
		}
	}
	want := map[string]string{"taskee": taskee.SchemeRSA, "highlevel": taskee.SchemeEd25519}
	if len(got) != len(want) || got["taskee"] != want["taskee"] || got["highlevel"] != want["highlevel"] {
		t.Errorf("keys %v, want %v", got, want)
	}
}

func TestAKeyThatCannotCheckAnythingIsPassedOver(t *testing.T) {
	keys := map[string]Key{
		"nothing":                        {},
		"a nil RSA key":                  {Public: (*rsa.PublicKey)(nil)},
		"an RSA key without a modulus":   {Public: &rsa.PublicKey{E: 3}},
		"an Ed25519 key of a wrong size": {Public: ed25519.PublicKey("short")},
		"a private key":                  {Public: ed25519.PrivateKey(make([]byte, 64))},
	}
	for name, k := range keys {
		t.Run(name, func(t *testing.T) {
			if k.Scheme() != "" || k.Fingerprint() != "" {
				t.Errorf("scheme %q, fingerprint %q", k.Scheme(), k.Fingerprint())
			}
			v := New([]Key{k}, []Key{k})
			for _, size := range []int{64, 256, 512} {
				text := base64.StdEncoding.EncodeToString(make([]byte, size))
				if got := v.Verify(rsaHeader(text), nil); got.Status != "invalid" {
					t.Errorf("%d bytes: %+v", size, got)
				}
			}
		})
	}
}
