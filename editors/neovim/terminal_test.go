package neovim

import (
	"regexp"
	"testing"

	"quire/editors/internal/terminal"
	"quire/editors/internal/tour"
)

// A vim is a Neovim in a terminal with the pipeline of a tour open.
type vim struct {
	*terminal.Terminal
	t  *testing.T
	tr *tour.Tour
}

// A person writes, runs, looks, cancels, and quits while something runs.
func TestPipeline(t *testing.T) {
	bin := tour.Programs(t)
	each(t, func(t *testing.T, e editor) {
		tr := tour.New(t, bin, tour.Pipeline)
		// The colours are those of Neovim, on the ground of the terminal.
		install(t, tr, installLine(t), "vim.o.termguicolors = true", "vim.o.hlsearch = false", "vim.cmd('highlight Normal guibg=NONE')")
		term := terminal.Start(t, 100, 42, tr.Root, append(tr.Env("TERM=xterm-256color"), e.env...), e.path, append(e.args, tr.File)...)
		v := vim{term, t, tr}
		v.See(`▶ run all`)
		v.edit()
		v.run()
		v.look()
		v.cancel()

		v.command("QuireRun long")
		v.Until("the job runs", v.tr.Sleeps)
		v.command("qa!")
		v.Ended()
		tr.Gone()
	})
}

// command executes a command of the command line.
func (v vim) command(text string) {
	v.t.Helper()
	v.Type(":" + text)
	v.See(`^:` + regexp.QuoteMeta(text[:min(len(text), 20)]))
	v.Keys("Enter")
}

// at puts the cursor at the beginning of a text of the pipeline.
func (v vim) at(text string) {
	v.t.Helper()
	v.Type(`gg/\V` + text)
	v.Keys("Enter")
	v.At(text, 0)
}

// save draws the screen, with nothing in the command line.
func (v vim) save(path string) {
	v.t.Helper()
	v.Keys(":", "Escape")
	v.Unsee(`^[:/]`)
	v.Save(path)
}

// edit completes, applies a quick fix, formats and renames.
func (v vim) edit() {
	v.t.Helper()
	v.at("(job :broken")
	v.Type("f]i :bui")
	v.See(`\(job :broken \[:quire/push :bui\]`)
	v.Keys("C-x", "C-o")
	v.See(`\(job :broken \[:quire/push :build\]`)
	v.Keys("Escape")
	v.Unsee(`-- `)
	v.Type("u")
	v.See(`\(job :broken \[:quire/push\]`)

	v.at(":timout")
	v.command("lua vim.lsp.buf.code_action()")
	v.See(`1: Replace`)
	v.Type("1")
	v.Keys("Enter")
	v.See(`{:timeout 3}`)

	v.at("(fn [{: sh : jobs}]")
	v.Type("i   ")
	v.Keys("Escape")
	v.See(`^ +\(fn \[{: sh : jobs}\]`)
	v.command("lua (vim.lsp.buf.format or vim.lsp.buf.formatting)()")
	v.See(`^.?.?  \(fn \[{: sh : jobs}\]`)

	v.at("build")
	v.command("lua vim.lsp.buf.rename('compile')")
	v.See(`\(job :compile `)
	v.See(`\(job :test \[:compile\]`)
	v.See(`\(jobs :compile\)`)
	v.command("w")
	v.See(`written`)
}

// choose chooses from what the lens at the cursor offers.
func (v vim) choose(title string) {
	v.t.Helper()
	v.command("QuireLens")
	v.Type(v.See(`^(\d): ` + title)[0])
	v.Keys("Enter")
}

// run runs a job that succeeds and one that fails.
func (v vim) run() {
	v.t.Helper()
	v.at("(job :compile")
	v.choose("▶ run$")
	v.Type(v.See(`^(\d)[.:] Trust`)[0])
	v.Keys("Enter")
	v.See(`\(job :compile \[:quire/push\] +✓ 0\.\d s`)

	v.at("(job :broken")
	v.choose("▶ run$")
	v.See(`\(job :broken \[:quire/push\] +✗ `)
	v.See(`^reason`) // in the log
	v.at("(sh \"echo reason")
	v.save("media/run.svg")
}

// look goes from the quickfix list to the failure, and from the graph to a job.
func (v vim) look() {
	v.t.Helper()
	v.command("QuireFailures")
	v.See(`\.quire/ci\.fnl\|17 col 21`)
	v.Keys("Enter")
	v.At(`(sh "echo reason`, 0)
	v.command("cclose")
	v.command("QuireGraph")
	v.See(`├─ compile  ✓`)
	v.at("test")
	v.save("media/graph.svg")
	v.Keys("Enter")
	v.At("(job :test ", 0)
}

// cancel cancels a job from its lens.
func (v vim) cancel() {
	v.t.Helper()
	v.at("(job :long")
	v.choose("▶ run$")
	v.See(`\(job :long \[:quire/push\] +● running`)
	v.Until("the job runs", v.tr.Sleeps)
	v.choose("■ cancel")
	v.Until("the job is gone", func() bool { return !v.tr.Sleeps() })
}
