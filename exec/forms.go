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

// A form is a text by which a value may be met.
type form struct {
	text string
	// name says how the text is made of the value, to make it again of the same or
	// another one; empty: of the text alone that cannot be said, as of base64
	// that goes on before or after it.
	name string
}

// wholeValue names the value itself.
const wholeValue = "value"

// forms returns the texts by which a value may be met: itself and its lines,
// and each of these as programs write it that quote or encode it. Texts that
// are too short to be redacted are left out, and so is all that is made of
// them.
func forms(value string) []form {
	seen := map[string]bool{}
	var out []form
	for _, part := range partsOf(value) {
		if len(part.text) < minRedacted {
			continue
		}
		for _, f := range writings(part) {
			if len(f.text) >= minRedacted && !seen[f.text] {
				seen[f.text] = true
				out = append(out, f)
			}
		}
	}
	return out
}

// writtenAs returns the form of a value that has a name, if it has it.
func writtenAs(value, name string) (string, bool) {
	for _, part := range partsOf(value) {
		if name != part.name && !strings.HasPrefix(name, part.name+".") {
			continue
		}
		for _, f := range writings(part) {
			if f.name == name {
				return f.text, true
			}
		}
	}
	return "", false
}

// partsOf returns a value and, when it has several, its lines.
func partsOf(value string) []form {
	all := []form{{value, wholeValue}}
	if strings.ContainsAny(value, "\r\n") {
		lines := strings.FieldsFunc(value, func(c rune) bool { return c == '\r' || c == '\n' })
		for i, line := range lines[:min(len(lines), maxLines)] {
			all = append(all, form{line, fmt.Sprintf("line%d", i+1)})
		}
	}
	return all
}

// writings returns a part of a value, and how programs write it. Their names go
// from machine to machine: what they mean must not change, so new ones come last.
func writings(part form) []form {
	all := []form{part}
	if len(part.text) > maxEncoded {
		return all
	}
	add := func(how string, texts []string) {
		for i, text := range texts {
			all = append(all, form{text, fmt.Sprintf("%s.%s%d", part.name, how, i+1)})
		}
	}
	add("quoted", quotedForms(part.text))
	add("shell", shellForms(part.text))
	add("url", urlForms(part.text))
	whole, pieces := base64Forms(part.text)
	add("base64-", whole)
	for _, text := range pieces {
		all = append(all, form{text: text})
	}
	return all
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
func base64Forms(text string) (whole, pieces []string) {
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		padded := encoding.EncodeToString([]byte(text))
		whole = append(whole, padded, strings.TrimRight(padded, "="))
		for before := range 3 {
			digits := encoding.EncodeToString(append(make([]byte, before), text...))
			first, end := (before*8+5)/6, (before+len(text))*8/6
			part := digits[first:end]
			pieces = append(pieces, part)
			if before == 0 {
				for _, width := range []int{64, 76} {
					for rest := padded; len(padded) > width && rest != ""; {
						n := min(width, len(rest))
						pieces = append(pieces, rest[:n], strings.TrimRight(rest[:n], "="))
						rest = rest[n:]
					}
				}
			}
		}
	}
	return whole, pieces
}
