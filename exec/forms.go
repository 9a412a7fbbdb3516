package exec

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	// maxLines is how many lines of a value are values as well.
	maxLines = 500
	// maxEncoded is the length in bytes up to which the encoded forms of a value
	// are looked for. Of longer ones, which are files, the lines are.
	maxEncoded = 16 << 10
)

// forms returns the texts by which a value may be met: itself and its lines,
// and each of these as programs write it that quote or encode it. Texts that
// are too short to be redacted are left out, and so is all that is made of
// them.
func forms(value string) []string {
	all := []string{value}
	if strings.ContainsAny(value, "\r\n") {
		lines := strings.FieldsFunc(value, func(c rune) bool { return c == '\r' || c == '\n' })
		all = append(all, lines[:min(len(lines), maxLines)]...)
	}
	seen := map[string]bool{}
	var out []string
	add := func(texts ...string) {
		for _, text := range texts {
			if len(text) >= minRedacted && !seen[text] {
				seen[text] = true
				out = append(out, text)
			}
		}
	}
	for _, text := range all {
		if len(text) < minRedacted {
			continue
		}
		add(text)
		if len(text) <= maxEncoded {
			add(quotedForms(text)...)
			add(shellForms(text)...)
			add(urlForms(text)...)
			add(base64Forms(text)...)
		}
	}
	return out
}

// quotedForms returns a text as it stands between double quotes in Go and in
// JSON.
func quotedForms(text string) []string {
	quoted := []string{strconv.Quote(text), strconv.QuoteToASCII(text)}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	for _, html := range []bool{false, true} {
		b.Reset()
		enc.SetEscapeHTML(html)
		if enc.Encode(text) == nil {
			quoted = append(quoted, strings.TrimSuffix(b.String(), "\n"))
		}
	}
	for i, q := range quoted {
		quoted[i] = q[1 : len(q)-1]
	}
	plain := quoted[2]
	return append(quoted, strings.ReplaceAll(plain, "/", `\/`), asciiJSON(plain))
}

// asciiJSON writes what is not ASCII in a JSON string as \uXXXX.
func asciiJSON(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r < utf8.RuneSelf:
			b.WriteRune(r)
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// shellForms returns a text as it stands between the quotes of a shell: 'x',
// "x", $'x', and without any.
func shellForms(text string) []string {
	escape := func(special string) string {
		var b strings.Builder
		for i := range len(text) {
			if strings.IndexByte(special, text[i]) >= 0 {
				b.WriteByte('\\')
			}
			b.WriteByte(text[i])
		}
		return b.String()
	}
	return []string{
		strings.ReplaceAll(text, "'", `'\''`), strings.ReplaceAll(text, "'", `'"'"'`),
		escape("\\\"$`"), escape("\\\"$`!"),
		escape(" \t\\\"$`!'&|;<>()[]{}*?~#,^=%"), escape(" \t\\\"$`!'&|;<>()[]{}*?~#,^"), escape(" \t\\\"$`!'&|;<>()[]{}*?"),
		ansiC(text, `\%03o`, true), ansiC(text, `\%03o`, false), ansiC(text, `\x%02x`, false), ansiC(text, `\x%02X`, false),
	}
}

// ansiC returns a text as it stands in $'…'. Control characters without a
// letter are written by the format, and other bytes too unless they are raw.
func ansiC(text, format string, raw bool) string {
	letters := map[byte]string{'\\': `\\`, '\'': `\'`, '\a': `\a`, '\b': `\b`, 0x1b: `\E`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\v': `\v`}
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		switch letter := letters[c]; {
		case letter != "":
			b.WriteString(letter)
		case c < 0x20, c == 0x7f, c >= 0x80 && !raw:
			fmt.Fprintf(&b, format, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// urlForms returns a text as it stands in a URL or a form. Encoders differ in
// what they leave as it is beside letters, digits and -_.~.
func urlForms(text string) []string {
	var out []string
	for _, kept := range []string{"", "/", "!'()*", "!'()*;/?:@&=+$,#"} {
		for _, space := range []string{"%20", "+"} {
			for _, hex := range []string{"%%%02X", "%%%02x"} {
				var b strings.Builder
				for i := range len(text) {
					switch c := text[i]; {
					case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
						strings.IndexByte("-_.~", c) >= 0, strings.IndexByte(kept, c) >= 0:
						b.WriteByte(c)
					case c == ' ':
						b.WriteString(space)
					default:
						fmt.Fprintf(&b, hex, c)
					}
				}
				out = append(out, b.String())
			}
		}
	}
	return out
}

// base64Forms returns a text as it stands in base64: encoded alone, whole and
// in the lines that encoders break it into, and as a part of something longer,
// which may begin at any of the three places in a group. Of a part, the digits
// are known that hold no bits of what is around it.
func base64Forms(text string) []string {
	var out []string
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		padded := encoding.EncodeToString([]byte(text))
		out = append(out, padded, strings.TrimRight(padded, "="))
		for before := range 3 {
			digits := encoding.EncodeToString(append(make([]byte, before), text...))
			first, end := (before*8+5)/6, (before+len(text))*8/6
			part := digits[first:end]
			out = append(out, part)
			if before == 0 {
				for _, width := range []int{64, 76} {
					for rest := padded; len(padded) > width && rest != ""; {
						n := min(width, len(rest))
						out = append(out, rest[:n], strings.TrimRight(rest[:n], "="))
						rest = rest[n:]
					}
				}
			}
		}
	}
	return out
}
