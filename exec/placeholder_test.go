package exec

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"quire/analysis/pipeline"
)

func dataOf(t testing.TB, v any) *pipeline.Data {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	d, err := pipeline.DataFromJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func textOf(t testing.TB, d *pipeline.Data) string {
	t.Helper()
	if d == nil {
		return "none"
	}
	text, bad, ok := d.JSON()
	if !ok {
		t.Fatalf("%s cannot be written", bad)
	}
	return string(text)
}

// asking returns a revealer of these secrets, and what it was asked for.
func asking(values map[string]string) (ask revealer, asked *[]string) {
	asked = new([]string)
	return func(name string) (string, error) {
		*asked = append(*asked, name)
		if value, ok := values[name]; ok {
			return value, nil
		}
		return "", errors.New("unknown secret")
	}, asked
}

// TestTemplate pins how outputs with values are written, and what a machine with
// other values makes of them.
func TestTemplate(t *testing.T) {
	const key = "-----BEGIN KEY-----\nabcdefgh/ijk\n-----END KEY-----"
	r := redactionOf("pw", "hunter22", "my key", key, "word", "password", "number", "1234567890", "a", "abcdefgh", "b", "efghijkl")
	there := map[string]string{"pw": `other"2`, "my key": "one line", "number": "no number"}
	for _, tt := range []struct {
		outputs        any
		template, then string
	}{
		{"hunter22", `"${pw}"`, `"other\"2"`},
		{map[string]any{"n": 1, "hunter22": "-hunter22hunter22.", "list": []any{true, "x"}},
			`{"${pw}":"-${pw}${pw}.","list":[true,"x"],"n":1}`, `{"list":[true,"x"],"n":1,"other\"2":"-other\"2other\"2."}`},
		{"$ ${pw} $$ hunter22 ${", `"$$ $${pw} $$$$ ${pw} $${"`, `"$ ${pw} $$ other\"2 ${"`},
		{key, `"${my+key}"`, `"one line"`},
		{"key: abcdefgh/ijk", `"key: ${my+key|line2}"`, "they hold the value of the secret \"my key\" in a form that it has not on this machine"},
		{"aHVudGVyMjI=", `"${pw|value.base64-1}"`, `"b3RoZXIiMg=="`},
		{"user:aHVudGVyMjI", `"user:${pw|value.base64-2}"`, `"user:b3RoZXIiMg"`},
		{"p=1234567890&q", `"p=${number}&q"`, `"p=no number&q"`},
		{"dXNlcjpodW50ZXIyMg==", "none", ""}, // base64 of user:hunter22
		{1234567890, "none", ""},
		{"abcdefghijkl", "none", ""}, // of two values
		{"password", `"${word}"`, `they hold the value of the secret "word": unknown secret`},
	} {
		got := r.template(dataOf(t, tt.outputs))
		if text := textOf(t, got); text != tt.template {
			t.Errorf("%v: %s, want %s", tt.outputs, text, tt.template)
			continue
		}
		if got == nil {
			continue
		}
		ask, _ := asking(there)
		filled, err := ask.fill(got)
		switch {
		case err != nil && err.Error() != tt.then:
			t.Errorf("%v: %v, want %s", tt.outputs, err, tt.then)
		case err == nil && textOf(t, filled) != tt.then:
			t.Errorf("%v: %s, want %s", tt.outputs, textOf(t, filled), tt.then)
		}
	}
}

// TestTemplateOfNames has a value that is the name of a secret.
func TestTemplateOfNames(t *testing.T) {
	r := redactionOf("password1", "password")
	if got := r.template(dataOf(t, "password")); got != nil {
		t.Errorf("%s", textOf(t, got))
	}
}

// TestTemplateRoundTrip fills templates in with the values they were made of.
func TestTemplateRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringMatching(`[ab$"{}|/ ]{8,20}(\n[a-c]{8,12}){0,2}`).Draw(t, "value")
		r := redactionOf("na|me}$", value)
		forms := forms(value)
		part := rapid.OneOf(rapid.StringMatching(`[ab${}|]{0,9}`), rapid.SampledFrom([]string{value, "${na%7Cme%7D%24}"}),
			rapid.Custom(func(t *rapid.T) string { return rapid.SampledFrom(forms).Draw(t, "form").text }))
		outputs := strings.Join(rapid.SliceOfN(part, 0, 5).Draw(t, "parts"), "")
		text, err := r.holed(outputs)
		if err != nil {
			return
		}
		ask, asked := asking(map[string]string{"na|me}$": value})
		if got, err := ask.filled(text); got != outputs || err != nil {
			t.Fatalf("%q became %q, %v, by %q", outputs, got, err, text)
		}
		if !r.in(outputs) && len(*asked) > 0 {
			t.Fatalf("%q asks for %q, by %q", outputs, *asked, text)
		}
	})
}

// FuzzTemplate checks that whatever stands in a template, what it becomes holds a
// value only where the secret was asked for, and that what a job returns asks
// for nothing.
func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{"", "$$", "${pw}", "${pw|value.base64-1}", "${pw|line1}", "${", "$", "${}", "${%zz}", "a${nix}b", "${pw|}", "$${pw}"} {
		f.Add(seed)
	}
	const value = "hunter22-correct"
	f.Fuzz(func(t *testing.T, text string) {
		ask, asked := asking(map[string]string{"pw": value})
		got, err := ask.filled(text)
		if err != nil && got != "" {
			t.Errorf("%q: %q, %v", text, got, err)
		}
		if strings.Contains(got, value) && !strings.Contains(text, value) && len(*asked) == 0 {
			t.Errorf("%q: %q, although nobody asked", text, got)
		}
		ask, asked = asking(map[string]string{"pw": value})
		literal, err := redactionOf("other", "another-value").holed(text)
		if err != nil {
			return
		}
		if back, err := ask.filled(literal); !strings.Contains(text, "another") && (back != text || err != nil || len(*asked) > 0) {
			t.Errorf("%q: %q, %v, asked for %q", text, back, err, *asked)
		}
	})
}
