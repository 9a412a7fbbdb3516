package drawing

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// visible returns a name as one line of text that can be drawn: bytes that are
// no text and control characters become \xNN, characters that have no form or
// turn the direction of text \u{N}. A name that would not be seen is quoted.
func visible(name string) string {
	if strings.TrimSpace(name) == "" {
		return `"` + escaped(name) + `"`
	}
	return escaped(name)
}

func escaped(name string) string {
	if plain(name) {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); {
		r, size := utf8.DecodeRuneInString(name[i:])
		switch {
		case r == utf8.RuneError && size == 1, r < 0x20, 0x7f <= r && r < 0xa0:
			for k := range size {
				fmt.Fprintf(&b, `\x%02x`, name[i+k])
			}
		case formless(r):
			fmt.Fprintf(&b, `\u{%x}`, r)
		default:
			b.WriteString(name[i : i+size])
		}
		i += size
	}
	return b.String()
}

func plain(name string) bool {
	for i := range len(name) {
		if name[i] < 0x20 || name[i] >= 0x7f {
			return false
		}
	}
	return true
}

// formless reports whether a character is drawn as nothing, changes how others
// are drawn, or may not stand in XML.
func formless(r rune) bool {
	if r == 0xfffe || r == 0xffff || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
		return true
	}
	// Joiners and the selectors of emoji are part of what they stand beside.
	return unicode.Is(unicode.Cf, r) && r != 0x200c && r != 0x200d && (r < 0xe0020 || r > 0xe007f)
}

// columns returns how many columns of a fixed-width font a text takes.
func columns(text string) int { return uniseg.StringWidth(text) }

// maxCluster bounds the bytes of one character with its combining marks.
const maxCluster = 32

// elide shortens a text that takes more than most columns: its middle goes,
// because names often differ at their ends.
func elide(text string, most int) string {
	if len(text) <= most || len(text) <= maxCluster && columns(text) <= most {
		return text
	}
	tail := (most - 1) / 3
	return prefix(text, most-1-tail) + "…" + suffix(text, tail)
}

// prefix returns the longest prefix of whole characters that fits.
func prefix(text string, most int) string {
	end, state := 0, -1
	for width := 0; end < len(text); {
		cluster, _, w, next := uniseg.FirstGraphemeClusterInString(text[end:], state)
		if width += w; width > most || len(cluster) > maxCluster {
			break
		}
		end, state = end+len(cluster), next
	}
	return text[:end]
}

// suffix returns the longest suffix of whole characters that fits.
func suffix(text string, most int) string {
	if rest := len(text) - maxCluster*(most+1); rest > 0 {
		for rest < len(text) && !utf8.RuneStart(text[rest]) {
			rest++
		}
		text = text[rest:]
	}
	var starts, widths []int
	state := -1
	for at := 0; at < len(text); {
		cluster, _, w, next := uniseg.FirstGraphemeClusterInString(text[at:], state)
		starts, widths = append(starts, at), append(widths, w)
		at, state = at+len(cluster), next
	}
	begin := len(text)
	for i := len(starts) - 1; i >= 0; i-- {
		if most -= widths[i]; most < 0 || begin-starts[i] > maxCluster {
			break
		}
		begin = starts[i]
	}
	return text[begin:]
}
