package jsjson

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// spelled reads a text to its end and writes each token as its kind and text.
func spelled(t *testing.T, text string, next func(*Reader) (Token, error)) string {
	t.Helper()
	var all []string
	for r := NewReader([]byte(text)); ; {
		tok, err := next(r)
		if err != nil {
			t.Fatalf("%.100q: %v", text, err)
		}
		if tok.Kind == EndOfText {
			if tok.Start != len(text) || tok.End != len(text) {
				t.Errorf("%.100q ends at %+v", text, tok)
			}
			return strings.Join(all, " ")
		}
		all = append(all, fmt.Sprintf("%c%s", tok.Kind, text[tok.Start:tok.End]))
	}
}

func TestTheTokensOfAText(t *testing.T) {
	const text = ` { "a" : [ 1 , "x,:" ] , "b" : { } , "b":{"c":null}, "d":[ ], "e":true,"f":false } `
	if got, want := spelled(t, text, (*Reader).Next), `{{ :"a" [[ 01 ""x,:" ]] :"b" {{ }} :"b" {{ :"c" nnull }} :"d" [[ ]] :"e" ttrue :"f" ffalse }}`; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	r := NewReader([]byte(text))
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for {
		tok, err := r.Value()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, text[tok.Start:tok.End])
		if tok.Kind == CloseObject {
			break
		}
	}
	if want := `"a" [ 1 , "x,:" ] "b" { } "b" {"c":null} "d" [ ] "e" true "f" false }`; strings.Join(got, " ") != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// TestTokensAreTheSameAtAnyDepth holds that nothing is to be seen of where one
// decoder hands over to another.
func TestTokensAreTheSameAtAnyDepth(t *testing.T) {
	const text = `{"a":[1,{"b":"x"},[],{}],"a":{"c":[null,[2]]},"d":true}`
	plain := spelled(t, text, (*Reader).Next)
	whole := spelled(t, text, (*Reader).Value)
	for depth := decoderDepth - 5; depth <= decoderDepth+5; depth++ {
		for _, around := range [][4]string{
			{"[", "[0,", ",0]", "]"},
			{`{"k":`, `{"j":0,"k":`, `,"l":0}`, "}"},
		} {
			open, first, last, end := around[0], around[1], around[2], around[3]
			deep := strings.Repeat(open, depth-1) + first + text + last + strings.Repeat(end, depth-1)
			for name, next := range map[string]func(*Reader) (Token, error){
				plain: (*Reader).Next,
				whole: func(r *Reader) (Token, error) {
					if r.Depth() == depth {
						return r.Value()
					}
					return r.Next()
				},
			} {
				if got := spelled(t, deep, next); strings.Count(got, name) != 1 {
					t.Errorf("within %d of %q", depth, open)
				}
			}
			if got := spelled(t, deep, (*Reader).Value); got[1:] != deep {
				t.Errorf("as a whole within %d of %q", depth, open)
			}
		}
	}
}

func TestAnErrorIsAtItsPlaceAtAnyDepth(t *testing.T) {
	for _, depth := range []int{1, decoderDepth - 1, decoderDepth, decoderDepth + 1, 2*decoderDepth + 1} {
		for _, bad := range []string{"1 2", `{"a" 1}`, "1}", "[1,]", `{"a":]`, "tru]", "", "1"} {
			text := strings.Repeat("[", depth) + bad
			_, err := Stringify([]byte(text))
			var deep, flat *SyntaxError
			if !errors.As(err, &deep) {
				t.Fatalf("%q within %d: %v", bad, depth, err)
			}
			if _, err = Stringify([]byte("[" + bad)); !errors.As(err, &flat) {
				t.Fatal(err)
			}
			if deep.Offset-flat.Offset != depth-1 || deep.Reason != flat.Reason {
				t.Errorf("%q within %d: %v, alone %v", bad, depth, err, flat)
			}
		}
	}
}
