package pipeline_test

import (
	"slices"
	"strings"
	"testing"

	"quire/analysis/pipeline"
)

func TestJSON(t *testing.T) {
	tests := []struct{ in, want string }{
		{`{"b": [1, 2.5, "x"], "a": {}}`, `{"a":{},"b":[1,2.5,"x"]}`},
		{`[]`, `{}`},
		{`[1, null, 3]`, ``},
		{`[null]`, `{}`},
		{`{"a": null, "b": false}`, `{"b":false}`},
		{`{"a": 1, "a": 2}`, `{"a":2}`},
		{`{"a": 1, "a": null}`, `{}`},
		{`null`, `null`},
		{`"a<b>\u00e9\n"`, `"a<b>é\n"`},
		{`-0.5e3`, `-500`},
		{`1e300`, `1e+300`},
		{`9007199254740991`, `9007199254740991`},
		{`  [true]  `, `[true]`},
	}
	for _, tt := range tests {
		d, err := pipeline.DataFromJSON([]byte(tt.in))
		if err != nil {
			t.Errorf("%s: %v", tt.in, err)
			continue
		}
		got, bad, ok := d.JSON()
		if string(got) != tt.want || ok != (tt.want != "") {
			t.Errorf("%s gives %s (bad %q), want %s", tt.in, got, bad, tt.want)
		}
		if !ok {
			continue
		}
		again, err := pipeline.DataFromJSON(got)
		if err != nil {
			t.Fatalf("%s: %v", got, err)
		}
		if twice, _, _ := again.JSON(); string(twice) != string(got) {
			t.Errorf("%s comes back as %s", got, twice)
		}
	}
}

func TestBadJSON(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", "1:1: the text ends too early"},
		{"{\n  \"a\": 1,\n", "3:1: the text ends too early"},
		{"{\n  \"a\" 1}", "2:7: invalid character '1' after object key"},
		{"[1 2]", "1:4: invalid character '2' after array element"},
		{"1 2", "there is text behind the value"},
		{"1e999", "the number 1e999 is out of range"},
		{strings.Repeat("[", 300), "it is nested deeper than 200"},
		{"nope", "invalid character"},
	}
	for _, tt := range tests {
		_, err := pipeline.DataFromJSON([]byte(tt.in))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.20q: %v, want %q", tt.in, err, tt.want)
		}
	}
}

func TestStrings(t *testing.T) {
	d, err := pipeline.DataFromJSON([]byte(`{"a": ["b", {"c": "d"}, 1], "e": true}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(slices.Collect(d.Strings), " "); got != "a b c d e" {
		t.Errorf("got %q", got)
	}
	for s := range d.Strings {
		if s == "b" {
			break
		}
	}
}

func FuzzDataFromJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1,{"b":null}]}`, `"\ud800"`, `[[[[`, `-0`, `1E400`, `{"a":1}x`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := pipeline.DataFromJSON(text)
		if err != nil {
			return
		}
		out, _, ok := d.JSON()
		if !ok {
			return
		}
		again, err := pipeline.DataFromJSON(out)
		if err != nil {
			t.Fatalf("%q gave %q, which does not read: %v", text, out, err)
		}
		if twice, _, _ := again.JSON(); string(twice) != string(out) {
			t.Fatalf("%q comes back as %q", out, twice)
		}
	})
}
