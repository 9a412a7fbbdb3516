package sandbox_test

import (
	"context"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/sandbox"
)

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sandbox.New(sandbox.Options{Limits: generous}).Close()
	}
}

func BenchmarkFirstCall(b *testing.B) {
	proto := compile(b, "return 1")
	b.ReportAllocs()
	for b.Loop() {
		s := sandbox.New(sandbox.Options{Limits: generous})
		if _, err := s.Call(context.Background(), s.L, s.Instantiate(proto, nil)); err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}

// BenchmarkPrograms measures a loop of n turns.
func BenchmarkPrograms(b *testing.B) {
	for _, c := range []struct{ name, program string }{
		{"empty", "local n = ... for i = 1, n do end"},
		{"concat", "local n, s = ... for i = 1, n do s = 'a' .. i .. 'b' end"},
		{"store", "local n = ... local t = {} for i = 1, n do t[i % 100] = i end"},
		{"append", "local n = ... local t = {} for i = 1, n do t[#t + 1] = i end"},
		{"pcall", "local n = ... local pcall, f = pcall, function() end for i = 1, n do pcall(f) end"},
		{"pcall-error", "local n = ... local pcall, error = pcall, error for i = 1, n do pcall(error) end"},
		{"yield", "local n = ... local f = coroutine.wrap(function() while true do coroutine.yield() end end) for i = 1, n do f() end"},
		{"coroutine", "local n = ... for i = 1, n do coroutine.wrap(function() end)() end"},
		{"find", "local n, s = ..., 'key = value' for i = 1, n do s:find('^(%w+)%s*=%s*(%w+)$') end"},
		{"format", "local n = ... local format = string.format for i = 1, n do format('%d %s %5.2f', i, 'x', 1.5) end"},
		{"next", "local n = ... local t = {a = 1, b = 2, c = 3} for i = 1, n / 3 do for k, v in pairs(t) do end end"},
	} {
		b.Run(c.name, func(b *testing.B) {
			w := newWorld(b, sandbox.Limits{Depth: generous.Depth})
			fn := w.function(b, c.program)
			b.ReportAllocs()
			b.ResetTimer()
			if _, err := w.Call(context.Background(), w.L, fn, lua.LNumber(b.N)); err != nil {
				b.Fatal(err)
			}
		})
	}
}
