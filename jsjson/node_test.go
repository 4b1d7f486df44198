package jsjson

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// vectorFile has a body and what node writes for it on each line, both in hex;
// "!" where node refuses the body.
var vectorFile = filepath.Join("..", "testdata", "vectors", "jsjson", "stringify.txt")

// vectorBodies are the bodies of the vectors.
func vectorBodies() [][]byte {
	var all [][]byte
	add := func(texts ...string) {
		for _, s := range texts {
			all = append(all, []byte(s))
		}
	}
	add(`{}`, `[]`, `""`, `null`, ` true `, "\t[ 1 ,\r\n2 ]\n", `{"a":1.0,"b":1e3,"c":"\/\u00e9"}`)
	for _, n := range numbers {
		add(n, "-"+n, "["+n+","+n+"]")
	}
	for _, s := range strs {
		add(`"`+s+`"`, `{"`+s+`":"`+s+`"}`)
	}
	add(
		`{"b":1,"2":2,"a":3,"1":4,"0":5,"01":6,"-1":7,"1.5":8,"":9}`,
		`{"4294967294":1,"4294967295":2,"4294967296":3,"9007199254740991":4,"1":5}`,
		`{"x":1,"x":2}`, `{"x":1,"y":2,"x":{"z":3}}`, `{"1":1,"0":2,"1":3}`, `{"a":{"1":1,"0":{"b":1,"5":2,"b":3}},"0":[{"2":1,"1":2}],"a":{"7":1,"6":2}}`,
		`{"__proto__":1,"a":2,"__proto__":3}`, `{"__proto__":{"a":1},"constructor":2,"toString":3}`,
		"{\"\xff\":1,\"\ufffd\":2}", `{"\u0061":1,"a":2}`, `{"\ud83d\ude00":1,"😀":2}`, `{"\ud83d":1,"\uD83D":2}`,
		`[[[[{"a":[{"1":[],"0":{}}]}]]]]`,
	)
	add("", " ", "\ufeff{}", "{", "}", "[", "]", `{"a"}`, `{"a":}`, `{"a":1,}`, `[1,]`, `[,1]`, `{,}`, `{a:1}`, `{'a':1}`, `"a`, `"a\`, `"\x41"`, `"\u12"`, `"\u123g"`,
		"\"\n\"", "\"\x00\"", "\"\x1f\"", "\x00", "01", "-", "+1", "1.", ".5", "1e", "1e+", "0x1", "1_0", "NaN", "Infinity", "tru", "nul", "falsey", "1 2", "{} {}", "[1] x", "\u00a01", "\v1", "\f1", "//", `{"a":1]`, `[1}`, "\xff", "[\xff]",
		strings.Repeat("[", 100), strings.Repeat("[", 50)+strings.Repeat("]", 51))
	return all
}

var numbers = []string{
	"0", "1", "10", "1.0", "1.10", "1e0", "1e3", "1E3", "1e+3", "1e-3", "1.5e1", "0.1", "0.000001", "0.0000001", "0.00000123", "1e20", "1e21", "123456789012345680000", "1234567890123456789012",
	"999999999999999", "9999999999999999", "9007199254740991", "9007199254740993", "12345678901234567890", "0e5", "0.0", "1e308", "1.7976931348623157e308", "1.7976931348623159e308", "1e309", "1e400", "1e99999999999",
	"5e-324", "2e-324", "3e-324", "2.2250738585072014e-308", "1e-400", "0.30000000000000004", "1e23", "4.35", "5e-7", "1.5e-10", "1e100", "123e-20", "100000000000000000000000", "2e22",
}

var strs = []string{
	"plain", `\"\\\/\b\f\n\r\t`, `\u0008\u0009\u000a\u000B\u000c\u000d\u0000\u001f\u007f`, "\u2028\u2029", `\u2028\u2029`, "<a>&'", `\u003ca\u003E\u0026`, "é😀\U0010ffff\ufffd\ufeff\u007f",
	`\ud83d\ude00`, `\uD83D\uDE00`, `\ud83d`, `\ude00`, `\ude00\ud83d`, `\ud83d\ud83d\ude00`, `\ud83dx`, `\ud83d\n`, `\ud83d\u0041`, `\udbff\udfff`, `\ud800`, `\udfff`, `\ue000`, `\uffff`,
	"\x80", "\xff\xfe", "\xc3", "\xc3(", "\xc0\x80", "\xc1\xbf", "\xe2\x82", "\xe2\x82x", "\xe2(\xa1", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\x9f\xbf", "\xed\xa0\x80\xed\xb0\x80",
	"\xf0\x9f\x98", "\xf0\x9f\x98x", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf4\x8f\xbf", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xf0\x9f\x98\x80", "\xe2\x82\xac\xe2\x82", "\xf1\x80\x80\xc3\xa9", `\ud83d` + "\xed\xb8\x80",
}

// script makes node write each body of its input, a line of hex, as the
// platform's receivers do.
const script = `
const lines = require('fs').readFileSync(0, 'utf8').split('\n').slice(0, -1)
const out = lines.map(l => {
  try { return Buffer.from(JSON.stringify(JSON.parse(Buffer.from(l, 'hex').toString('utf8'))), 'utf8').toString('hex') } catch (e) { return '!' }
})
process.stdout.write(out.join('\n') + '\n')
`

// askNode returns what node writes for bodies, "!" for one it refuses, in hex.
func askNode(t *testing.T, bodies [][]byte) []string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed")
	}
	var in strings.Builder
	for _, b := range bodies {
		fmt.Fprintf(&in, "%x\n", b)
	}
	cmd := exec.CommandContext(t.Context(), node, "-e", script)
	cmd.Stdin = strings.NewReader(in.String())
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(lines) != len(bodies) {
		t.Fatalf("%d answers for %d bodies", len(lines), len(bodies))
	}
	return lines
}

func checkAgainstNode(t *testing.T, body []byte, want string) {
	t.Helper()
	got, err := Stringify(body)
	if err != nil {
		if want != "!" {
			t.Errorf("Stringify(%q): %v", body, err)
		}
		return
	}
	if hex.EncodeToString(got) != want {
		plain, _ := hex.DecodeString(want)
		t.Errorf("Stringify(%q)\n= %q, node writes\n  %q", body, got, plain)
	}
}

func TestTheVectorsOfNode(t *testing.T) {
	content, err := os.ReadFile(vectorFile)
	if err != nil {
		t.Fatal(err)
	}
	bodies := vectorBodies()
	lines := strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")
	if len(lines) != len(bodies) {
		t.Fatalf("%d lines for %d bodies: make them anew with UPDATE_VECTORS=1", len(lines), len(bodies))
	}
	for i, line := range lines {
		body, want, _ := strings.Cut(line, " ")
		if body != hex.EncodeToString(bodies[i]) {
			t.Fatalf("line %d is of another body: make them anew with UPDATE_VECTORS=1", i+1)
		}
		checkAgainstNode(t, bodies[i], want)
	}
}

// TestTheVectorsAreNodes holds that node still writes what the vectors say. It
// writes them with UPDATE_VECTORS=1.
func TestTheVectorsAreNodes(t *testing.T) {
	bodies := vectorBodies()
	var now bytes.Buffer
	for i, answer := range askNode(t, bodies) {
		fmt.Fprintf(&now, "%x %s\n", bodies[i], answer)
	}
	if os.Getenv("UPDATE_VECTORS") != "" {
		if err := os.WriteFile(vectorFile, now.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if content, err := os.ReadFile(vectorFile); err != nil || !bytes.Equal(content, now.Bytes()) {
		t.Errorf("node writes other text than the vectors have (%v)", err)
	}
}

// TestRandomBodiesAsNodeWritesThem compares with node on bodies that no one
// thought of.
func TestRandomBodiesAsNodeWritesThem(t *testing.T) {
	const count = 4000
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := randomBody{rand.New(rand.NewPCG(seed, 1))}
	bodies := make([][]byte, count)
	for i := range bodies {
		bodies[i] = r.value(nil, 3)
		if r.IntN(8) == 0 {
			bodies[i] = r.damaged(bodies[i])
		}
	}
	for i, want := range askNode(t, bodies) {
		checkAgainstNode(t, bodies[i], want)
	}
}

// randomBody makes JSON of all that is difficult.
type randomBody struct{ *rand.Rand }

func (r randomBody) pick(from []string) string { return from[r.IntN(len(from))] }

func (r randomBody) value(b []byte, depth int) []byte {
	n := 7
	if depth == 0 {
		n = 4
	}
	switch b = append(b, r.pick([]string{"", "", "", " ", "\n\t"})...); r.IntN(n) {
	case 0:
		b = append(b, r.pick(numbers)...)
	case 1:
		b = fmt.Appendf(b, "%.*e", r.IntN(20), r.NormFloat64()*float64(uint64(1)<<r.IntN(64)))
	case 2:
		b = r.text(b)
	case 3:
		b = append(b, r.pick([]string{"true", "false", "null", "-0"})...)
	case 4:
		b = append(b, '[')
		for i := range r.IntN(5) {
			if i > 0 {
				b = append(b, ',')
			}
			b = r.value(b, depth-1)
		}
		b = append(b, ']')
	default:
		b = append(b, '{')
		for i := range r.IntN([]int{5, 5, 5, 2 * fewKeys}[r.IntN(4)]) {
			if i > 0 {
				b = append(b, ',')
			}
			if r.IntN(2) == 0 {
				b = fmt.Appendf(b, `"%s"`, r.pick([]string{"a", "b", "0", "1", "2", "10", "07", "__proto__", `\u0061`, "4294967295", "4294967294"}))
			} else {
				b = r.text(b)
			}
			b = append(b, ':')
			b = r.value(b, depth-1)
		}
		b = append(b, '}')
	}
	return append(b, r.pick([]string{"", "", "", " ", "\r\n"})...)
}

func (r randomBody) text(b []byte) []byte {
	b = append(b, '"')
	for range r.IntN(3) {
		b = append(b, r.pick(strs)...)
	}
	return append(b, '"')
}

func (r randomBody) damaged(b []byte) []byte {
	i := r.IntN(len(b))
	switch r.IntN(3) {
	case 0:
		return b[:i]
	case 1:
		b[i] = byte(r.IntN(256))
		return b
	}
	return append(b[:i:i], b[i+1:]...)
}
