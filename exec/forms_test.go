package exec

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// An encoder writes a value as a program does, with what is around it.
type encoder func(before, value, after string) string

var encoders = map[string]encoder{
	"plain":                           func(b, v, a string) string { return b + v + a },
	"base64":                          inBase64(base64.StdEncoding),
	"base64 without padding":          inBase64(base64.RawStdEncoding),
	"base64 for URLs":                 inBase64(base64.URLEncoding),
	"base64 for URLs without padding": inBase64(base64.RawURLEncoding),
	"query":                           func(b, v, a string) string { return b + "=" + url.QueryEscape(v) + "&" + a },
	"query in lower case":             func(b, v, a string) string { return b + "=" + lowerHex(url.QueryEscape(v)) + "&" + a },
	"path":                            func(b, v, a string) string { return b + "/" + pathEscape(v) + "/" + a },
	"path in lower case":              func(b, v, a string) string { return b + "/" + lowerHex(pathEscape(v)) + "/" + a },
	"JSON":                            func(b, v, a string) string { return inJSON(b+v+a, false) },
	"JSON for HTML":                   func(b, v, a string) string { return inJSON(b+v+a, true) },
	"Go":                              func(b, v, a string) string { return strconv.Quote(b + v + a) },
	"Go in ASCII":                     func(b, v, a string) string { return strconv.QuoteToASCII(b + v + a) },
	"single quotes":                   func(b, v, a string) string { return "'" + strings.ReplaceAll(b+v+a, "'", `'\''`) + "'" },
	"double quotes": func(b, v, a string) string {
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(b+v+a) + `"`
	},
	"dollar quotes": func(b, v, a string) string {
		return `$'` + strings.NewReplacer(`\`, `\\`, "'", `\'`, "\n", `\n`, "\t", `\t`).Replace(b+v+a) + `'`
	},
}

func inBase64(e *base64.Encoding) encoder {
	return func(b, v, a string) string { return e.EncodeToString([]byte(b + v + a)) }
}

func inJSON(s string, html bool) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(html)
	_ = enc.Encode(s)
	return b.String()
}

func pathEscape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

var hexEscape = regexp.MustCompile(`%[0-9A-F]{2}`)

func lowerHex(s string) string { return hexEscape.ReplaceAllStringFunc(s, strings.ToLower) }

// hides fails the test when something is left of a value that a program
// encoded, however its output is cut, but for the digits that hold bits of what
// is around it as well.
func hides(t *rapid.T, r *redaction, encode encoder, value string) {
	around := rapid.StringMatching(`[a-z]{0,5}`)
	before, after := around.Draw(t, "before"), around.Draw(t, "after")
	text := encode(before, value, after)
	cuts := rapid.SliceOf(rapid.IntRange(0, 9)).Draw(t, "cuts")
	got := stream(t, r, text, cuts)
	if want := r.text(text); got != want {
		t.Fatalf("in chunks %q, at once %q", got, want)
	}
	left := strings.Replace(got, "{{ SECRET }}", "", 1)
	if left == got || len(left) > len(encode(before, "", after))+8 {
		t.Fatalf("%q became %q", text, got)
	}
}

func TestRedactedForms(t *testing.T) {
	for name, encode := range encoders {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				value := rapid.StringMatching(`[A-Za-z0-9 '"$\\/+&<>%\tñ!-]{8,40}`).Draw(t, "value")
				hides(t, redactionOf("SECRET", value), encode, value)
			})
		})
	}
}

// TestRedactedLines has values with several lines, of which programs show each
// in their own way.
func TestRedactedLines(t *testing.T) {
	for name, encode := range encoders {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				lines := rapid.SliceOfN(rapid.StringMatching(`[A-Za-z0-9+/" ]{8,30}`), 2, 6).Draw(t, "lines")
				end := rapid.SampledFrom([]string{"\n", "\r\n", "\n\n"}).Draw(t, "end")
				hides(t, redactionOf("SECRET", strings.Join(lines, end)), encode, rapid.SampledFrom(lines).Draw(t, "line"))
			})
		})
	}
}

// TestWrappedBase64 has what encoders print of a long value: lines of 64 or 76
// digits.
func TestWrappedBase64(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringMatching(`[A-Za-z0-9]{60,300}`).Draw(t, "value")
		width := rapid.SampledFrom([]int{64, 76}).Draw(t, "width")
		var lines []string
		for digits := base64.StdEncoding.EncodeToString([]byte(value)); digits != ""; {
			n := min(width, len(digits))
			lines = append(lines, digits[:n])
			digits = digits[n:]
		}
		got := redactionOf("KEY", value).text(strings.Join(lines, "\n"))
		for _, line := range lines {
			if len(line) >= minRedacted && strings.Contains(got, line) {
				t.Fatalf("%q is left in %q", line, got)
			}
		}
	})
}

// TestShortFormsAreShown checks that what is too short to be redacted is so in
// every form, however long that is.
func TestShortFormsAreShown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		short := rapid.StringMatching(`[a-z '"$/+&<%\t]{1,7}`).Draw(t, "short")
		r := redactionOf("SHORT", short, "LINES", short+"\n"+short)
		for name, encode := range encoders {
			if text := encode("", short, ""); r.text(text) != text {
				t.Errorf("%s: %q became %q", name, text, r.text(text))
			}
		}
	})
}

// TestManyLongLines checks that a value like a key is indexed in time.
func TestManyLongLines(t *testing.T) {
	line := strings.Repeat("0123456789abcdef+/'\"", 4)
	var value strings.Builder
	for i := range 2 * maxLines {
		value.WriteString(strconv.Itoa(i) + line + "\n")
	}
	r := redactionOf("KEY", value.String())
	if got := r.text("<17" + line + ">"); got != "<{{ KEY }}>" {
		t.Errorf("a line became %q", got)
	}
}
