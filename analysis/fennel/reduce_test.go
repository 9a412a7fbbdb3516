package fennel_test

import (
	"regexp"
	"slices"
	"strings"
)

// A token with the white space around it taken away. Newlines are tokens, since
// lines matter.
var tokenPattern = regexp.MustCompile("\"(?:\\\\(?s:.)|[^\"\\\\])*\"?|;[^\n]*|[\\[\\](){}`,#'\n]|[^\\s\\[\\](){}\";`,'#][^\\s\\[\\](){}\";`,']*")

func tokens(text string) []string { return tokenPattern.FindAllString(text, -1) }

// join writes tokens so that they read back as the same tokens.
func join(toks []string) string {
	var b strings.Builder
	for i, tok := range toks {
		glued := i == 0 || tok == "\n" || strings.Contains(")]}", tok) || toks[i-1] == "\n" ||
			strings.Contains("([{`,#'", toks[i-1])
		if !glued {
			b.WriteByte(' ')
		}
		b.WriteString(tok)
	}
	return b.String()
}

// formEnd returns the end of the form that starts with token i.
func formEnd(toks []string, i int) int {
	for i < len(toks)-1 && strings.Contains("`,#'", toks[i]) {
		i++
	}
	depth := 0
	for ; i < len(toks); i++ {
		switch toks[i] {
		case "(", "[", "{":
			depth++
		case ")", "]", "}":
			depth--
		}
		if depth <= 0 {
			return i + 1
		}
	}
	return len(toks)
}

// reduce returns a small program for which keep still holds.
func reduce(text string, keep func(string) bool) string {
	toks := tokens(text)
	if !keep(join(toks)) {
		return text
	}
	budget := 3000
	try := func(candidate []string) bool {
		if budget--; budget < 0 || !keep(join(candidate)) {
			return false
		}
		toks = candidate
		return true
	}
	for again := true; again && budget > 0; {
		again = false
		for i := 0; i < len(toks); i++ {
			for reduceAt(toks, i, try) {
				again = true
			}
		}
	}
	return join(toks)
}

// reduceAt tries smaller programs that differ in the form at i.
func reduceAt(toks []string, i int, try func([]string) bool) bool {
	if i >= len(toks) {
		return false
	}
	end := formEnd(toks, i)
	with := func(from, to int, replacement ...string) bool {
		return try(slices.Concat(toks[:from], replacement, toks[to:]))
	}
	if with(i, end) {
		return true
	}
	// Two forms at once, for the pairs of tables and bindings.
	if second := formEnd(toks, min(end, len(toks)-1)); second > end && with(i, second) {
		return true
	}
	if end-i == 1 {
		return toks[i] != "1" && toks[i] != "nil" && toks[i] != "x" && !strings.Contains("()[]{}\n", toks[i]) &&
			(with(i, end, "1") || with(i, end, "x"))
	}
	for child := i + 1; child < end-1; {
		next := formEnd(toks, child)
		if with(i, end, toks[child:next]...) {
			return true
		}
		child = next
	}
	return with(i, end, "1") || with(i, end, "nil")
}
