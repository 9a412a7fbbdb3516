package dsl

import "iter"

// Nearest returns the known name that a misspelt one was probably meant to be,
// or ok false when none is near: more than a third of the name would have to
// change. Of equally near names the first is taken.
func Nearest(name string, known iter.Seq[string]) (nearest string, ok bool) {
	best := max((len(name)+1)/3, 1) + 1
	for k := range known {
		if d := distance(name, k, best); d < best && d < max(len(name), len(k)) {
			nearest, best, ok = k, d, true
		}
	}
	return nearest, ok
}

// distance returns how many bytes have to be inserted, removed, replaced or
// swapped with their neighbour to turn a into b, or bound when it is no less.
func distance(a, b string, bound int) int {
	if diff := len(a) - len(b); diff >= bound || -diff >= bound {
		return bound
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return min(last[len(b)], bound)
}
