package diag

import (
	"iter"
	"strings"
)

// maxNearest is the longest name, in bytes, that [Nearest] compares. What is
// longer is no slip of the finger.
const maxNearest = 64

// Nearest returns the candidate that name is most likely a misspelling of, and
// false when none is close. Closeness is the number of characters that are
// missing, added, changed or swapped with their neighbour, case aside: one in
// three of the longer name may be. A name that is the start of a candidate, or
// the reverse, is close as well, from three characters on.
//
// Candidates equal to name are passed over. Of several equally close ones the
// first in the order of strings wins, so that the order of the candidates does
// not matter.
func Nearest(name string, candidates iter.Seq[string]) (string, bool) {
	if name == "" || len(name) > maxNearest {
		return "", false
	}
	folded := []rune(strings.ToLower(name))
	best, distance := "", 0
	for c := range candidates {
		if c == name || len(c) > maxNearest {
			continue
		}
		d, ok := closeness(folded, []rune(strings.ToLower(c)))
		if ok && (best == "" || d < distance || d == distance && c < best) {
			best, distance = c, d
		}
	}
	return best, best != ""
}

// minSlip is the shortest name, in bytes, that [Slip] finds a meaning for: of
// two letters everything is one edit away from something.
const minSlip = 3

// Slip returns the only candidate that is one edit away from name, as [Nearest]
// counts them, and false when there is none or more than one.
func Slip(name string, candidates iter.Seq[string]) (string, bool) {
	if len(name) < minSlip || len(name) > maxNearest {
		return "", false
	}
	typed, found := []rune(name), ""
	for c := range candidates {
		meant := []rune(c)
		if c == found || len(c) < minSlip || max(len(meant), len(typed))-min(len(meant), len(typed)) > 1 || editDistance(typed, meant) != 1 {
			continue
		}
		if found != "" {
			return "", false
		}
		found = c
	}
	return found, found != ""
}

// closeness returns the distance of two names and whether it is small enough
// for one to be meant by the other.
func closeness(a, b []rune) (int, bool) {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(a) == 0 {
		return 0, false
	}
	limit := (len(b) + 1) / 3
	if len(a) >= 3 && string(a) == string(b[:len(a)]) {
		return min(len(b)-len(a), limit+1), true
	}
	if len(b)-len(a) > limit {
		return 0, false
	}
	d := editDistance(a, b)
	return d, d <= limit && d < len(b)
}

// editDistance counts the insertions, deletions, changes and swaps of
// neighbours that turn a into b, where no part is edited twice.
func editDistance(a, b []rune) int {
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := range a {
		row[0] = i + 1
		for j := range b {
			change := above[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(above[j+1]+1, row[j]+1, change)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(b)]
}
