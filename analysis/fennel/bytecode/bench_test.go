package bytecode_test

import (
	"testing"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/fennel/bytecode"
)

// A one-line form, and one of the size of a job.
var benchmarks = []struct{ name, text string }{
	{"line", `ci.job("name", {image = "alpine", tags = {"a", "b"}})`},
	{"job", `local name, steps = "build", {}
for i, s in ipairs(ci.steps(name)) do
  if s.kind == "sh" and not s.skip then
    steps[#steps + 1] = {run = "make " .. s.target .. " -j" .. i, env = {A = "1", B = "2"}}
  elseif s.kind then
    steps[#steps + 1] = function(...) return s.run(name, ...) end
  end
end
return ci.job(name, {needs = {"a", "b"}, steps = steps, when = function(e) return e.branch == "main" or e.tag end})`},
}

func BenchmarkCompile(b *testing.B) {
	for _, bench := range benchmarks {
		body := parsed(b, bench.text)
		b.Run(bench.name+"/ours", func(b *testing.B) {
			var c bytecode.Compiler
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Compile(bytecode.Chunk{Name: "bench", Vararg: true, Body: body}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(bench.name+"/gopher-lua", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := lua.Compile(body, "bench"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
