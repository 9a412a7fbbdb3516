package main

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// sequences are the control sequences of terminals.
var sequences = regexp.MustCompile(`\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]`)

// legible returns one line of what a command wrote as an editor can show it: the
// last state of a line that rewrote itself, without colours and other control.
func legible(line string) string {
	line = strings.TrimRight(line, "\r\n")
	line = sequences.ReplaceAllString(line[strings.LastIndexByte(line, '\r')+1:], "")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' {
			return -1
		}
		return r
	}, line)
}

// brief returns the first line of a text, and of it no more than fits where
// editors have little room.
func brief(text string) string {
	const most = 80 // characters
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return clipped(legible(line), most)
}

// clipped returns a text with at most so many characters.
func clipped(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
