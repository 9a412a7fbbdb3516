package helix

import (
	"testing"

	"quire/editors/internal/tour"
)

// A person writes, runs, looks and cancels. Helix draws no lenses: what they do
// are code actions.
func TestPipeline(t *testing.T) {
	bin := tour.Programs(t)
	each(t, func(t *testing.T, hx string) {
		tr := tour.New(t, bin, tour.Pipeline)
		h := open(t, hx, tr, 160, 36, true)
		h.See(`unknown field .timout`)
		h.Type("gg") // Helix asks for hints after a key, and not again when the server is up later
		h.See(`\(job :build \[:quire/push\] #1, level 1 · 1 dependent`)
		h.withoutHints(h.edit)
		h.run()

		h.lineOf("(job :long")
		h.act("▶ Run job 'long'")
		h.Until("the job runs", tr.Sleeps)
		h.act("■ Cancel the run of job 'long'")
		h.Until("the job is gone", func() bool { return !tr.Sleeps() })
		h.lineOf("(job :long")
		h.act("▶ Run job 'long'")
		h.Until("the job runs", tr.Sleeps)
		h.command("qa!")
		h.Ended()
		tr.Gone()
	})
}

// withoutHints does something while Helix draws no inlay hints. It would draw
// them in the middle of what has been typed since it asked for them, since it
// takes the answer for one about the text as it is now, until the next change.
func (h helix) withoutHints(do func()) {
	h.t.Helper()
	h.command("set lsp.display-inlay-hints false")
	h.Unsee(`#1, level 1`)
	do()
	h.command("set lsp.display-inlay-hints true")
	h.See(`#1, level 1`)
}

// edit completes, applies a quick fix, formats and renames.
func (h helix) edit() {
	h.t.Helper()
	h.lineOf("(job :broken")
	h.Type("t]a :bui")
	h.See(`^[^ ]? +\d+ .*:bui\]\s`) // also behind the sign of the mistake that it is
	h.See(` :build +[a-z]+ `)
	h.Keys("Tab")
	h.See(`\(job :broken \[:quire/push :build\]`)
	h.Keys("Escape")
	h.See(` NOR `)
	h.Type("uu")
	h.See(`\(job :broken \[:quire/push\]`)

	h.lineOf("(job :option")
	h.Type("]d")
	h.act("Replace .timout. by .timeout.")
	h.See(`{:timeout 3}`)
	h.Unsee(`unknown field`)

	h.lineOf("  (fn [{: sh : jobs}]")
	h.Type(">")
	h.See(`\d [ ▍]    \(fn \[\{: sh : jobs\}\]`)
	h.command("format")
	h.See(`\d [ ▍]  \(fn \[\{: sh : jobs\}\]`)

	h.lineOf("(job :build")
	h.Type("f:l r")
	h.See(`rename-to:`)
	h.Keys("C-u")
	h.Type("compile")
	h.Keys("Enter")
	h.See(`\(job :compile `)
	h.See(`\(job :test \[:compile\]`)
	h.See(`\(jobs :compile\)`)
	h.command("w")
	h.See(`written`)
}

// run runs a job that succeeds and one that fails.
func (h helix) run() {
	h.t.Helper()
	h.lineOf("(job :compile")
	h.act("▶ Run job 'compile'")
	h.See(`✓ 1 job in`)
	h.Type(" a")
	h.See(`Show the log of job 'compile' \(✓`)
	h.Keys("Escape")
	h.Unsee(`Show the log of job 'compile'`)

	h.lineOf("(job :broken")
	h.act("▶ Run job 'broken'")
	if h.See(`(NOR .*/sh-1\.log|Log: /)`)[0] != "Log: /" { // 25.01 only says where the log is
		h.command("buffer-close")
	}
	h.See(`exited with 3`) // at the sh
	h.See(`reason`)
	h.Save("media/run.svg")
}
