package format

import (
	"strings"
	"unicode/utf8"
)

// maxNearest is how long a name may be, in bytes, to be taken for misspelled.
const maxNearest = 64

// Nearest returns the candidate that a misspelled name most likely stands for,
// "" when none is near. Only letters and digits count, in either case. Up to a
// third of the letters may be wrong, or two if that is at most half of them. A
// candidate that begins with the name counts as one wrong letter. Of equally
// near candidates, the first is returned.
func Nearest(name string, candidates []string) string {
	if len(name) > maxNearest {
		return ""
	}
	meant := letters(name)
	best, least := "", maxNearest
	for _, c := range candidates {
		known := letters(c)
		longer := max(len(meant), len(known))
		most := min(max(2, longer/3), longer/2, least-1)
		d := distance(meant, known, most)
		if len(meant) >= 3 && strings.HasPrefix(string(known), string(meant)) {
			d = min(d, 1)
		}
		if d <= most {
			best, least = c, d
		}
	}
	return best
}

// letters returns the letters and digits of a name in lower case.
func letters(name string) []rune {
	var all []rune
	for _, r := range strings.ToLower(name) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r >= utf8.RuneSelf {
			all = append(all, r)
		}
	}
	return all
}

// distance counts the letters to insert, delete, replace or swap with the next
// one to turn a into b. Where it is more than most, the result is most+1.
func distance(a, b []rune, most int) int {
	if len(a)-len(b) > most || len(b)-len(a) > most {
		return most + 1
	}
	before, row, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		next[0] = i + 1
		least := next[0]
		for j := range b {
			d := row[j]
			if a[i] != b[j] {
				d = 1 + min(row[j], row[j+1], next[j])
			}
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d = min(d, before[j-1]+1)
			}
			next[j+1] = d
			least = min(least, d)
		}
		if least > most {
			return most + 1
		}
		before, row, next = row, next, before
	}
	return min(row[len(b)], most+1)
}
