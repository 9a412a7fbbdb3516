package sandbox_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/sandbox"
)

// tight are limits at which a fuzzed input ends at once.
var tight = sandbox.Limits{Instructions: 100_000, Strings: 1 << 20}

// fuzzCall calls a program with texts. Whatever they are, it returns, raises an
// error of the library's own, or meets a limit.
func fuzzCall(t *testing.T, program string, texts ...string) []lua.LValue {
	t.Helper()
	w := newWorld(t, tight)
	args := make([]lua.LValue, len(texts))
	for i, s := range texts {
		args[i] = lua.LString(s)
	}
	results, err := w.Call(context.Background(), w.L, w.function(t, program), args...)
	var e *sandbox.Error
	if err != nil && (!errors.As(err, &e) || strings.Contains(err.Error(), "internal error")) {
		t.Fatalf("%q: %v", texts, err)
	}
	return results
}

func FuzzPattern(f *testing.F) {
	for _, seed := range [][2]string{
		{"key = value", "^(%w+)%s*=%s*(%w+)$"}, {"THE (quick) fox", "%f[%a]%a+%f[%A]"}, {"f(a(b)c)d", "%b()"}, {"abcabc", "(abc)()%1"},
		{"a]b", "[]]"}, {"a", "[^%]-]*"}, {"a", "[a"}, {"a", "%"}, {"a", "(a"}, {"", "()"}, {"aaaa", ".-.-.-b"}, {"aaaa", "a?a?a?b"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, text, pattern string) {
		fuzzCall(t, `
			local text, pattern = ...
			local i, j = text:find(pattern)
			if i then
				assert(1 <= i and i <= j + 1 and j <= #text)
				if not pattern:find("(", 1, true) then assert(text:match(pattern) == text:sub(i, j)) end
			end
			assert(text:gsub(pattern, "%0") == text)
			for a in text:gmatch(pattern) do assert(a) end`, text, pattern)
	})
}

func FuzzFormat(f *testing.F) {
	for _, seed := range []string{"%d", "%5.2f|%-5s|%05d", "%q", "%%", "%", "%#x %+e % g", "%99.99f", "%100d", "%c%i%u%o%X%E%G%a", "%.s", "%-+ #0d"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, format string) {
		fuzzCall(t, "return string.format(..., 1, 2, 3, 4, 5, 6)", format)
		fuzzCall(t, "return os.date(..., 0)", format)
	})
}

func FuzzNumber(f *testing.F) {
	for _, seed := range []string{"1e3", "-0x1F", "0x1p4", "0x.8", "1e400", " 12 ", "1_0", "inf", "nan", "0x", "--1", "9007199254740993"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		results := fuzzCall(t, `
			local x = tonumber(...)
			local y = x and tonumber(tostring(x))
			for base = 2, 36 do tonumber(..., base) end
			return x == nil or x ~= x and y ~= y or math.abs(x) == math.huge or y ~= nil and (x == y or math.abs(x - y) <= math.abs(x) * 1e-13 or math.abs(y) == math.huge)`, text)
		if len(results) != 1 || results[0] != lua.LTrue {
			t.Errorf("%q does not survive tostring", text)
		}
	})
}

func FuzzUTF8(f *testing.F) {
	for _, seed := range []string{"", "aé€😀", "\xff", "\xc3", "a\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xfd\xbf\xbf\xbf\xbf\xbf"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		fuzzCall(t, `
			local text = ...
			local n, bad = utf8.len(text)
			if not n then assert(1 <= bad and bad <= #text) return end
			local codes, count = {}, 0
			for at, code in utf8.codes(text) do
				count = count + 1
				codes[count] = code
				assert(utf8.codepoint(text, at) == code and utf8.offset(text, count) == at)
			end
			assert(count == n)
			local parts = {}
			for i, code in ipairs(codes) do parts[i] = utf8.char(code) end
			assert(table.concat(parts) == text)`, text)
	})
}
