package main

import (
	"fmt"
	"regexp"
	"strings"
	"time"
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

// took says how long something took: 0.3 s, 12.3 s, 1 min 5 s, 2 h 3 min.
func took(d time.Duration) string {
	d = d.Round(100 * time.Millisecond)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
