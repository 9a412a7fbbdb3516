package vim

import (
	"testing"

	"quire/editors/internal/tour"
)

// A person writes, runs, looks and cancels.
func TestPipeline(t *testing.T) {
	bin := tour.Programs(t)
	each(t, func(t *testing.T, c client, plugin string) {
		tr := tour.New(t, bin, tour.Pipeline)
		v := open(t, c, plugin, tr, true)
		v.See(`^ ?(>>|E>|W>|--)`)
		v.edit()
		v.run()

		v.at("(job :long", 0)
		v.act("▶ Run job 'long'")
		v.Until("the job runs", tr.Sleeps)
		v.act("■ Cancel the run of job 'long'")
		v.Until("the job is gone", func() bool { return !tr.Sleeps() })
		v.at("(job :long", 0)
		v.act("▶ Run job 'long'")
		v.Until("the job runs", tr.Sleeps)
		v.command("qa!")
		v.Ended()
		tr.Gone()
	})
}

// edit completes, applies a quick fix, formats and renames.
func (v vim) edit() {
	v.t.Helper()
	v.at(v.half.before, len(v.half.before))
	v.Type(v.half.keys)
	v.See(v.half.text)
	v.Keys("C-x", "C-o")
	v.See(v.half.whole)
	v.Keys("Escape")
	v.Unsee(`^-- .* --`)
	v.command("undo")
	v.Unsee(v.half.whole)

	v.at("{:timout", 1)
	v.act("Replace `timout` by `timeout`")
	v.See(`{:timeout 3}`)

	v.at("  (fn [{: sh : jobs}]", 0)
	v.Type(">>")
	v.See(`    \(fn \[\{: sh : jobs\}\]`)
	v.command(v.format)
	v.See(`^[^ ]* *\d* +\(fn \[\{: sh : jobs\}\]`)
	v.Until("the form is where it was", func() bool { return string(v.tell("search('^  (fn .{: sh : jobs}', 'cnw') > 0")) == "1\n" })

	v.at("(job :build", len("(job :"))
	v.command(v.rename)
	v.See(`(?i)new name: build`)
	v.Keys("C-u")
	v.Type("compile")
	v.Keys("Enter")
	v.See(`\(job :compile `)
	v.See(`\(job :test \[:compile\]`)
	v.See(`\(jobs :compile\)`)
	v.command("write")
	v.See(`written`)
}

// run runs a job that succeeds and one that fails.
func (v vim) run() {
	v.t.Helper()
	v.at("(job :compile", 0)
	v.act("▶ Run job 'compile'")
	v.See(`✓ 1 job in`)
	if v.lens != "" {
		v.command(v.lens)
		v.choose(v, "▶ run only") // what the job test has, whose inputs are there
		v.See(`test: ✓ 1 job in`)
		v.command(v.lens)
		v.See(`✓ \d.* L11:`)
		v.Keys("Escape")
		v.Unsee(`✓ \d.* L11:`)
	}

	v.at("(job :broken", 0)
	v.act("▶ Run job 'broken'")
	if v.preview != "" {
		v.See(`Log: /`)
		v.command("pclose")
		v.Unsee(v.preview)
	}
	v.at(`(sh "echo reason`, 0)
	v.See(`exited with 3`)
	if v.preview != "" {
		v.Save("media/run.svg")
	}
}
