package e2e

import (
	"bytes"
	"compress/gzip"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// installDevKeys gives the project "default" a development pair from the test
// keys: making an RSA-4096 key takes seconds.
func installDevKeys(env *testscript.Env, keys string) error {
	dir := filepath.Join(env.WorkDir, "state", "taskhook", "default")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for from, to := range map[string]string{
		"test-rsa4096-b.private.pem": "dev-rsa.pem", "test-ed25519-b.private.pem": "dev-ed25519.pem",
	} {
		text, err := os.ReadFile(filepath.Join(keys, from))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, to), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// fail ends a program of the scripts.
func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// appMain is a developer's app. It keeps the n-th request as n.head and
// n.body in a directory and answers as told: a status, "hang", "drop", "gzip"
// for a compressed 200, or "slow", which waits for a request to /release; the
// last answer is repeated.
func appMain() {
	addr := flag.String("addr", "127.0.0.1:0", "where to listen, without a colon on a unix socket")
	dir := flag.String("dir", "got", "where to keep requests")
	answers := flag.String("answers", "200", "statuses, comma-separated")
	reply := flag.String("reply", `{"success":true}`, "body of every answer")
	flag.Parse()
	fail(os.MkdirAll(*dir, 0o755))
	network := "tcp"
	if !strings.Contains(*addr, ":") {
		network = "unix"
	}
	ln, err := net.Listen(network, *addr)
	fail(err)
	a := &scriptedApp{dir: *dir, answers: strings.Split(*answers, ","), reply: *reply, release: make(chan struct{}, 1)}
	fmt.Printf("{\"kind\":\"ready\",\"local\":\"http://%s\",\"target\":\"%s\"}\n", ln.Addr(), ln.Addr())
	fail(http.Serve(ln, a))
}

type scriptedApp struct {
	dir, reply string
	answers    []string
	release    chan struct{}

	mu sync.Mutex
	n  int
}

func (a *scriptedApp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	fail(err)
	if r.URL.Path == "/release" {
		a.release <- struct{}{}
		return
	}
	a.mu.Lock()
	a.n++
	n := a.n
	a.mu.Unlock()
	var head bytes.Buffer
	fmt.Fprintf(&head, "%s %s\nHost: %s\n", r.Method, r.RequestURI, r.Host)
	fail(r.Header.Write(&head))
	name := filepath.Join(a.dir, strconv.Itoa(n))
	fail(os.WriteFile(name+".head", bytes.ReplaceAll(head.Bytes(), []byte("\r\n"), []byte("\n")), 0o644))
	fail(os.WriteFile(name+".body", body, 0o644))
	switch answer := a.answers[min(n, len(a.answers))-1]; answer {
	case "hang":
		<-r.Context().Done()
	case "drop":
		panic(http.ErrAbortHandler)
	case "slow":
		<-a.release
	case "gzip":
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(gzipped([]byte(a.reply)))
	default:
		status, err := strconv.Atoi(answer)
		fail(err)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, a.reply)
	}
}

// postMain posts a file and prints the status and the answer:
// post [-X METHOD] [-gzip] [-sig KEY] [-want STATUS] URL FILE [HEADER…]. With
// -gzip it compresses the file, with -sig it signs the bytes with a private key,
// in the header that fits.
func postMain() {
	method := flag.String("X", http.MethodPost, "method")
	key := flag.String("sig", "", "sign with this private key")
	want := flag.Int("want", 0, "fail unless this is the status")
	compress := flag.Bool("gzip", false, "compress the body")
	flag.Parse()
	body, err := os.ReadFile(flag.Arg(1))
	fail(err)
	if *compress {
		body = gzipped(body)
	}
	req, err := http.NewRequest(*method, flag.Arg(0), bytes.NewReader(body))
	fail(err)
	req.Header.Set("Content-Type", "application/json")
	if *compress {
		req.Header.Set("Content-Encoding", "gzip")
	}
	for _, h := range flag.Args()[2:] {
		name, value, _ := strings.Cut(h, ":")
		req.Header.Add(name, strings.TrimSpace(value))
	}
	if *key != "" {
		name, signature := sign(*key, body)
		req.Header.Set(name, signature)
	}
	resp, err := http.DefaultClient.Do(req)
	fail(err)
	answer, err := io.ReadAll(resp.Body)
	fail(err)
	fmt.Printf("%d\n%s\n", resp.StatusCode, bytes.TrimSpace(answer))
	if *want != 0 && resp.StatusCode != *want {
		os.Exit(1)
	}
}

func gzipped(text []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(text)
	fail(errors.Join(err, w.Close()))
	return b.Bytes()
}

// signMain prints the signature of a file: sign KEY FILE.
func signMain() {
	body, err := os.ReadFile(os.Args[2])
	fail(err)
	_, signature := sign(os.Args[1], body)
	fmt.Println(signature)
}

// sign signs as the platform does, with nothing but the standard library.
func sign(keyFile string, body []byte) (header, signature string) {
	text, err := os.ReadFile(keyFile)
	fail(err)
	block, _ := pem.Decode(text)
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	fail(err)
	var raw []byte
	switch key := parsed.(type) {
	case *rsa.PrivateKey:
		digest := sha256.Sum256(body)
		raw, err = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
		header = "x-wh-signature"
	case ed25519.PrivateKey:
		raw, header = ed25519.Sign(key, body), "X-GHL-Signature"
	}
	fail(err)
	return header, base64.StdEncoding.EncodeToString(raw)
}

// readyLine tells a script where a program is.
func readyLine(fields map[string]string) {
	fields["kind"] = "ready"
	fail(json.NewEncoder(os.Stdout).Encode(fields))
}
