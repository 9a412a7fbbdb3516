package exec

import (
	"crypto/sha256"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

func redactionOf(pairs ...string) *redaction {
	var r *redaction
	for i := 0; i < len(pairs); i += 2 {
		r = r.with(pairs[i], pairs[i+1])
	}
	return r
}

func TestRedact(t *testing.T) {
	for name, tt := range map[string]struct {
		values     []string
		text, want string
	}{
		"no values":          {nil, "hunter22", "hunter22"},
		"one":                {[]string{"pw", "hunter22"}, "a hunter22 b", "a {{ pw }} b"},
		"twice":              {[]string{"pw", "hunter22"}, "hunter22hunter22", "{{ pw }}{{ pw }}"},
		"too short":          {[]string{"pw", "hunter2"}, "a hunter2 b", "a hunter2 b"},
		"longest first":      {[]string{"a", "hunter22", "b", "hunter22-long"}, "hunter22-long hunter22-lo", "{{ b }} {{ a }}-lo"},
		"same value":         {[]string{"b", "hunter22", "a", "hunter22"}, "hunter22", "{{ a }}"},
		"overlap":            {[]string{"a", "12345678", "b", "67890abc"}, "<1234567890abc>", "<{{ a }}>"},
		"overlaps itself":    {[]string{"a", "aaaaaaaa"}, "<aaaaaaaaaaaa>", "<{{ a }}>"},
		"more than a line":   {[]string{"key", "-- begin\nabc\n"}, "x-- begin\nabc\ny", "x{{ key }}y"},
		"line of a value":    {[]string{"key", "-- begin\nabc\n12345678\r\n"}, "> -- begin\n> abc\n> 12345678", "> {{ key }}\n> abc\n> {{ key }}"},
		"quoted":             {[]string{"key", "pass\"word\\1"}, `unknown secret: "pass\"word\\1"`, `unknown secret: "{{ key }}"`},
		"name gives it away": {[]string{"password1", "password"}, "password", "{{ *** }}"},
		"at the end":         {[]string{"pw", "hunter22"}, "hunter22hunter2", "{{ pw }}hunter2"},
	} {
		if got := redactionOf(tt.values...).text(tt.text); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// genRedaction draws a set of values that share many beginnings and overlaps,
// and a text made of them.
func genRedaction(t *rapid.T) (r *redaction, values []string, text string) {
	word := rapid.StringMatching(`[ab\n]{1,12}`)
	for i, v := range rapid.SliceOfN(word, 0, 8).Draw(t, "values") {
		r = r.with("secret_"+string(rune('0'+i)), v)
		values = append(values, v)
	}
	part := word
	if len(values) > 0 {
		part = rapid.OneOf(word, rapid.SampledFrom(values))
	}
	return r, values, strings.Join(rapid.SliceOfN(part, 0, 12).Draw(t, "text"), "")
}

func TestRedactProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, values, text := genRedaction(t)
		got := r.text(text)
		for _, v := range values {
			if len(v) >= minRedacted && strings.Contains(got, v) {
				t.Fatalf("%q is left in %q", v, got)
			}
		}
		if again := r.text(got); again != got {
			t.Fatalf("redacted twice: %q, once: %q", again, got)
		}
		if !r.in(text) && got != text {
			t.Fatalf("%q became %q and holds no value", text, got)
		}
	})
}

// stream redacts a text that arrives in chunks, which end where cuts say.
func stream(t interface{ Fatalf(string, ...any) }, r *redaction, text string, cuts []int) string {
	var s redactor
	var out []byte
	for _, n := range cuts {
		n = min(n, len(text))
		out = s.next(r, out, []byte(text[:n]), false)
		text = text[n:]
		if r != nil && len(s.held) >= r.longest {
			t.Fatalf("%d bytes are held back, the longest value has %d", len(s.held), r.longest)
		}
	}
	return string(s.next(r, out, []byte(text), true))
}

func TestRedactorChunks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, _, text := genRedaction(t)
		cuts := rapid.SliceOf(rapid.IntRange(0, 9)).Draw(t, "cuts")
		if got, want := stream(t, r, text, cuts), r.text(text); got != want {
			t.Fatalf("in chunks %q, at once %q", got, want)
		}
	})
}

func TestRedactorShowsWhatItCan(t *testing.T) {
	r := redactionOf("pw", "hunter22")
	var s redactor
	if got := s.next(r, nil, []byte("name: "), false); string(got) != "name: " {
		t.Errorf("%q is shown of a text that can be no secret", got)
	}
	if got := s.next(r, nil, []byte("hunt"), false); string(got) != "" {
		t.Errorf("%q is shown of the start of a secret", got)
	}
	if got := s.next(r, nil, []byte("ing\n"), false); string(got) != "hunting\n" {
		t.Errorf("%q is shown when it turned out to be none", got)
	}
}

// FuzzRedactor begins with testdata/fuzz/FuzzRedactor.
func FuzzRedactor(f *testing.F) {
	f.Fuzz(func(t *testing.T, a, b, text string, chunks []byte) {
		r := redactionOf("a", a, "b", b)
		var cuts []int
		for _, c := range chunks {
			cuts = append(cuts, int(c))
		}
		if got, want := stream(t, r, text, cuts), r.text(text); got != want {
			t.Fatalf("in chunks %q, at once %q", got, want)
		}
	})
}

// BenchmarkRedactor redacts ordinary output with ever more secrets, which do
// not occur in it.
func BenchmarkRedactor(b *testing.B) {
	text := []byte(strings.Repeat("the quick brown fox jumps over the lazy dog, ghost\n", 1000))
	for _, n := range []int{0, 1, 20, 200} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			var r *redaction
			for i := range n {
				r = r.with("token", fmt.Sprintf("ghp_%x", sha256.Sum256([]byte{byte(i)})))
			}
			b.SetBytes(int64(len(text)))
			var s redactor
			var out []byte
			for b.Loop() {
				out = s.next(r, out[:0], text, false)
			}
		})
	}
}

// TestRedactReader looks for values that lie where what is read at once ends.
func TestRedactReader(t *testing.T) {
	long := strings.Repeat("0123456789", 500)
	r := redactionOf("pw", "hunter22", "long", long)
	for _, value := range []string{"hunter22", long, "hunter2", long[1:]} {
		for _, cut := range []int{0, 1, len(value) / 2, len(value) - 1, len(value)} {
			text := strings.Repeat(" ", scanSize+r.longest-cut) + value + strings.Repeat(" ", 99)
			for _, in := range []io.Reader{strings.NewReader(text), iotest.HalfReader(strings.NewReader(text)), iotest.DataErrReader(strings.NewReader(text))} {
				if found, err := r.inReader(in); found != (value == "hunter22" || value == long) || err != nil {
					t.Errorf("%.9s… cut at %d: %t, %v", value, cut, found, err)
				}
			}
		}
	}
	if _, err := r.inReader(iotest.ErrReader(io.ErrUnexpectedEOF)); err == nil {
		t.Error("no error")
	}
}
