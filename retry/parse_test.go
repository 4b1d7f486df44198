package retry

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestParsePolicy(t *testing.T) {
	tests := []struct {
		name, in string
		want     Policy
	}{
		{
			"a constant policy", `{"name":"taskee","maxRetries":6,"interval":"10m","jitterMin":"5s","jitterMax":"2m","statuses":[429]}`,
			platform,
		},
		{
			"an exponential policy in the file's own order",
			"\ufeff{\r\n  \"statuses\": [429, \"408\", \"500..599\"],\r\n  \"onError\": true, \"factor\": 1.5,\r\n" +
				"  \"maxInterval\": \"1h\", \"interval\": \"90s\", \"maxRetries\": 20\r\n}\r\n",
			Policy{
				MaxRetries: 20, Interval: 90 * time.Second, Factor: 1.5, MaxInterval: time.Hour,
				Statuses: []Range{{429, 429}, {408, 408}, {500, 599}}, OnError: true,
			},
		},
		{"no retries", `{"maxRetries":0}`, Policy{}},
		{"retries at once", `{"maxRetries":1,"interval":"0s","onError":true}`, Policy{MaxRetries: 1, OnError: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParsePolicy([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestParsePolicySaysWhereAndWhatIsWrong(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", `line 1, column 1: the file is empty: a policy is a JSON object`},
		{" \n ", `line 1, column 1: the file is empty: a policy is a JSON object`},
		{"\n [1]", `line 2, column 2: a policy is a JSON object, found a list`},
		{`{"maxRetries": 6`, `line 1, column 17: not JSON: unexpected end of JSON input`},
		{"{\n\"name\": é}", `line 2, column 9: not JSON: invalid character 'Ã' looking for beginning of value`},
		{`{"maxRetries":0} x`, `line 1, column 18: not JSON: invalid character 'x' after top-level value`},
		{"{\"name\":\"\xff\"}", `line 1, column 10: the byte 0xff is not valid UTF-8`},
		{"{\n  \"retries\": 6\n}", `line 2, column 3: unknown field "retries": did you mean "maxRetries"?`},
		{`{"name":"é", "intervall":"1m"}`, `line 1, column 14: unknown field "intervall": did you mean "interval"?`},
		{`{"MaxRetries":1}`, `line 1, column 2: unknown field "MaxRetries": did you mean "maxRetries"?`},
		{`{"codes":[1]}`, `line 1, column 2: unknown field "codes": the fields are name, maxRetries, interval, factor, maxInterval, jitterMin, jitterMax, statuses, onError`},
		{`{"maxRetries":1,"maxRetries":2}`, `line 1, column 17: maxRetries is given twice`},
		{`{"name":"x"}`, `line 1, column 1: maxRetries is missing: how often is the event sent again?`},
		{`{"maxRetries":3,"statuses":[429]}`, `line 1, column 1: interval is missing: write "10m", or "0s" for at once`},
		{`{"maxRetries":3.5}`, `line 1, column 15: maxRetries: want a whole number, found 3.5`},
		{`{"maxRetries":"6"}`, `line 1, column 15: maxRetries: want a whole number, found "6"`},
		{`{"maxRetries":-1}`, `line 1, column 15: maxRetries -1 is not between 0 and 100`},
		{`{"maxRetries":101}`, `line 1, column 15: maxRetries 101 is not between 0 and 100`},
		{`{"maxRetries":null}`, `line 1, column 15: maxRetries: want a whole number, found null (leave the field out instead)`},
		{`{"interval":600}`, `line 1, column 13: interval: want a duration as text such as "10m", found 600`},
		{`{"interval":"10 min"}`, `line 1, column 13: interval: "10 min" is not a duration: write "90s", "10m" or "1h30m"`},
		{`{"maxRetries":1,"interval":"-10m","onError":true}`, `line 1, column 28: interval -10m is negative`},
		{`{"maxRetries":1,"interval":"9000h","onError":true}`, `line 1, column 28: interval 9000h is longer than a year`},
		{`{"maxRetries":1,"interval":"1m","factor":0.5,"onError":true}`, `line 1, column 42: factor 0.5 is not a number from 1 up (1: a constant interval)`},
		{`{"factor":1e999}`, `line 1, column 11: factor: want a number, found 1e999`},
		{`{"maxRetries":30,"interval":"1m","factor":2,"onError":true}`, `line 1, column 43: factor 2 makes the gap before retry 21 a year or longer: set maxInterval`},
		{`{"maxRetries":1,"interval":"8760h","jitterMax":"1s","onError":true}`, `line 1, column 28: interval 8760h and the jitter make a gap of a year or longer`},
		{`{"maxRetries":1,"interval":"10m","maxInterval":"5m","onError":true}`, `line 1, column 48: maxInterval 5m is shorter than interval 10m`},
		{`{"maxRetries":1,"interval":"0s","jitterMin":"1h","jitterMax":"1m30s","onError":true}`, `line 1, column 62: jitterMax 1m30s is shorter than jitterMin 1h`},
		{`{"maxRetries":1,"interval":"0s","jitterMin":"1h","onError":true}`, `line 1, column 1: jitterMax 0s is shorter than jitterMin 1h`},
		{`{"maxRetries":1,"interval":"0s"}`, `line 1, column 15: maxRetries is 1, but without statuses or onError nothing is ever retried`},
		{`{"statuses":"429"}`, `line 1, column 13: statuses: want a list such as [429, "500..599"], found "429"`},
		{"{\"statuses\":[429,\n  \"5xx\"]}", `line 2, column 3: statuses: want a status such as 429 or "500..599", found "5xx"`},
		{`{"statuses":[429, 200]}`, `line 1, column 19: statuses: 200 includes 2xx: those answers accept the event`},
		{`{"statuses":["599..500"]}`, `line 1, column 14: statuses: 599..500 runs backwards`},
		{`{"statuses":["100..600"]}`, `line 1, column 14: statuses: 100..600 includes 2xx: those answers accept the event`},
		{`{"statuses":[99]}`, `line 1, column 14: statuses: 99 is not within 300..599`},
		{`{"statuses":[null]}`, `line 1, column 14: statuses: want a status such as 429 or "500..599", found null (leave the field out instead)`},
		{`{"onError":"yes"}`, `line 1, column 12: onError: want true or false, found "yes"`},
		{`{"name":7}`, `line 1, column 9: name: want text, found 7`},
		{`{"name":{}}`, `line 1, column 9: name: want text, found an object`},
		{`{"name":"\u001b[2J","maxRetries":0}`, `line 1, column 9: name "\x1b[2J" has characters that cannot be printed`},
		{`{"maxRetries":0,"name":"` + strings.Repeat("é", 65) + `"}`, `line 1, column 24: name is longer than 64 characters`},
		{`{"onError":"` + strings.Repeat("y", 65) + `"}`, `line 1, column 12: onError: want true or false, found a long text`},
	}
	for _, tt := range tests {
		p, err := ParsePolicy([]byte(tt.in))
		var pe *PolicyError
		if !errors.As(err, &pe) || err.Error() != tt.want || !reflect.ValueOf(p).IsZero() {
			t.Errorf("ParsePolicy(%s)\n got %v\nwant %s", tt.in, err, tt.want)
		}
	}
}

// fileOf writes a policy as ParsePolicy documents it.
func fileOf(p Policy) []byte {
	statuses := make([]string, 0, len(p.Statuses))
	for _, r := range p.Statuses {
		statuses = append(statuses, r.String())
	}
	out, err := json.Marshal(map[string]any{
		"name": p.Name, "maxRetries": p.MaxRetries, "interval": p.Interval.String(), "factor": p.Factor,
		"maxInterval": p.MaxInterval.String(), "jitterMin": p.JitterMin.String(), "jitterMax": p.JitterMax.String(),
		"statuses": statuses, "onError": p.OnError,
	})
	if err != nil {
		panic(err)
	}
	return out
}

func TestAPolicyIsReadAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPolicy.Draw(t, "policy")
		got, err := ParsePolicy(fileOf(p))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(p, got); d != "" {
			t.Fatalf("(-want +got):\n%s", d)
		}
	})
}

func TestValidateNamesTheField(t *testing.T) {
	tests := []struct {
		policy Policy
		want   string
	}{
		{Policy{}, ""},
		{platform, ""},
		{Policy{MaxRetries: -1}, "maxRetries -1 is not between 0 and 100"},
		{Policy{JitterMin: -time.Second}, "jitterMin -1s is negative"},
		{Policy{Name: "a\xff"}, "name is not valid UTF-8"},
		{Policy{Statuses: []Range{{600, 700}}}, "statuses 600..700 is not within 300..599"},
	}
	for _, tt := range tests {
		got := ""
		if err := tt.policy.Validate(); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("Validate(%+v) = %q, want %q", tt.policy, got, tt.want)
		}
	}
}

func FuzzParsePolicy(f *testing.F) {
	f.Add(fileOf(platform))
	for _, s := range []string{
		"", "{}", "[]", "nul", "\ufeff{", `{"maxRetries":1,"interval":"1m","statuses":[429,"500..599"],"onError":true}`,
		`{"retries":1}`, "{\"name\":\n\"\\ud800\"}", `{"statuses":[[[]]]}`, `{"maxRetries":99999999999999999999}`,
		`{"maxRetries":100,"interval":"1ns","factor":1e308,"maxInterval":"8759h","onError":true}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		p, err := ParsePolicy(in)
		if err != nil {
			var pe *PolicyError
			if !errors.As(err, &pe) || pe.Line < 1 || pe.Column < 1 || pe.Message == "" {
				t.Fatalf("%q: %v has no position or no words", in, err)
			}
			lines := strings.Split(string(in), "\n")
			if pe.Line > len(lines) || pe.Column > utf8.RuneCountInString(lines[pe.Line-1])+1 {
				t.Fatalf("%q: %v is outside of the file", in, err)
			}
			return
		}
		if err := p.Validate(); err != nil {
			t.Fatalf("%q gives a policy that is refused: %v", in, err)
		}
		if s := Plan(p, 1); len(s) != p.MaxRetries+1 {
			t.Fatalf("%q: plan of %d sends for %d retries", in, len(s), p.MaxRetries)
		}
		again, err := ParsePolicy(fileOf(p))
		if err != nil {
			t.Fatalf("%q: %v", in, err)
		}
		again.Statuses = append([]Range(nil), again.Statuses...)
		if len(p.Statuses) == 0 {
			p.Statuses, again.Statuses = nil, nil
		}
		if d := cmp.Diff(p, again); d != "" {
			t.Fatalf("%q (-first +again):\n%s", in, d)
		}
	})
}
