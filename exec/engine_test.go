package exec_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"quire/exec"
	"quire/exec/exectest"
)

// broken has quire find an engine that is a shell script.
func (f *fixture) broken(script string) string {
	f.t.Helper()
	bin := filepath.Join(f.Base, "bin")
	f.Write(filepath.Join(bin, "quire-broken"), "#!/bin/sh\n"+script)
	if err := os.Chmod(filepath.Join(bin, "quire-broken"), 0o777); err != nil {
		f.t.Fatal(err)
	}
	f.Env = append(f.Env, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	return "broken://nowhere"
}

// TestBrokenEngine has engines that do what none should.
func TestBrokenEngine(t *testing.T) {
	const told = `{"version":1,"job":"a","attempt":1,"worker":"w1"`
	const started = told + `,"page":{"events":[{"at_ms":1,"type":"job_started","job_id":"a"},{"at_ms":1,"type":"sh_started","job_id":"a","sh":1,"cmd":"true"}],"next":"1"}}`
	for _, test := range []struct{ name, script, want string }{
		{"malformed", "echo 'no JSON'; cat >/dev/null", "no JSON"},
		{"version", `echo '{"version":9,"notice":"hello"}'; cat`, "form 9, and this quire reads 1"},
		{"no version", `echo '{"notice":"hello"}'; cat`, "form 0, and this quire reads 1"},
		{"dies", `echo ` + quoted(started) + `; echo why it died >&2; exit 7`, "ended in the middle of the run, with exit status 7\nwhy it died"},
		{"is killed", `echo ` + quoted(started) + `; kill -9 $$`, "with SIGKILL"},
		{"says nothing", "exit 0", "never said how job 'a' went"},
		{"begins and says nothing", `echo ` + quoted(started), "never said how job 'a' went"},
		{"no job", `echo '{"version":1,"done":{}}'; cat`, "which job"},
		{"unknown job", `echo '{"version":1,"job":"x","attempt":1}'; cat`, "'x', which it was not given"},
		{"gap", `echo ` + quoted(started) + `; echo ` + quoted(told+`,"page":{"events":[{"at_ms":1,"type":"output","job_id":"a","sh":1,"stream":"stdout","start":5,"end":9,"log":"AAAA"}]}}`) + `; cat`, "leaves out some output"},
		{"no command", `echo ` + quoted(told+`,"page":{"events":[{"at_ms":1,"type":"output","job_id":"a","sh":1,"stream":"stdout","start":0,"end":3,"log":"AAAA"}]}}`) + `; cat`, "did not start"},
		{"another stream", `echo ` + quoted(started) + `; echo ` + quoted(told+`,"page":{"events":[{"at_ms":1,"type":"output","job_id":"a","sh":1,"stream":"x","start":0,"end":3,"log":"AAAA"}]}}`) + `; cat`, "output of job 'a' to \"x\""},
		{"no such end", `echo ` + quoted(told+`,"page":{"events":[{"at_ms":1,"type":"sh_finished","job_id":"a","sh":1}]}}`) + `; cat`, "the end of command 1"},
		{"no such command", `echo ` + quoted(told+`,"page":{"events":[{"at_ms":1,"type":"log","job_id":"a","sh":1,"message":"x"}]}}`) + `; cat`, "command 1 of job 'a', which did not start"},
		{"jumps", `echo ` + quoted(told+`,"page":{"events":[{"at_ms":1,"type":"sh_started","job_id":"a","sh":3,"cmd":"x"}]}}`) + `; cat`, "command 3 of job 'a' after command 0"},
		{"ends the run", `echo ` + quoted(told+`,"page":{"events":[{"at_ms":1,"type":"run_finished","job_id":"a","outcome":"succeeded"}]}}`), "never said how job 'a' went"},
		{"goes back", `echo ` + quoted(`{"version":1,"job":"a","attempt":2}`) + `; echo ` + quoted(told+`}`) + `; cat`, "attempt 1 of job 'a' after attempt 2"},
		{"no report", `echo ` + quoted(told+`,"done":{"report":{},"results":{}}}`) + `; cat`, "the report of job 'a'"},
		{"error", `echo '{"version":1,"error":"the server refuses it"}'; exit 1`, "quire-broken: the server refuses it"},
		{"error of a job", `echo '{"version":1,"job":"a","error":"the disk is full"}'`, "job 'a': the disk is full"},
		{"leaves a process", `sleep 600 & echo $! >$BASE/child; echo '{"version":1,"error":"gone"}'`, "gone"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := pipelineFixture(t, `(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [{: sh}] (sh "true")))
(job :b [:a] (fn [{: sh}] (sh "true")))
`)
			report, events, err := f.run(exec.Options{On: f.broken(test.script)})
			if report.Outcome != exec.Internal || err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s, %v; want %q", report.Outcome, err, test.want)
			}
			if last := events[len(events)-1]; last.Type != exec.RunFinished || last.Outcome != "internal" {
				t.Errorf("the last event is %v", last)
			}
			if child := filepath.Join(f.Base, "child"); test.name == "leaves a process" {
				wantGone(t, child)
			}
			if n := strings.Count(exectest.EventsText(events), "run_finished"); n != 1 {
				t.Errorf("%d ends of the run", n)
			}
			if one, ok := report.Result("b"); !ok || one.Outcome != exec.NotRun {
				t.Errorf("b: %v", one)
			}
		})
	}
}

// TestDeafEngine has an engine that goes on after it told what it should not, and
// after it closed its output.
func TestDeafEngine(t *testing.T) {
	if testing.Short() {
		t.Skip("waits until an engine has had time to end")
	}
	for name, script := range map[string]string{
		"malformed": "echo no JSON; echo $$ >$BASE/child; exec sleep 600",
		"silent":    "echo $$ >$BASE/child; exec sleep 600 >&-",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := pipelineFixture(t, `(local {: job} (require :quire.ci))
(job :a [:quire/push] (fn [{: sh}] (sh "true")))
`)
			report, _, err := f.run(exec.Options{On: f.broken(script)})
			if err == nil || report.Outcome != exec.Internal {
				t.Error(report.Outcome, err)
			}
			wantGone(t, filepath.Join(f.Base, "child"))
		})
	}
}

// quoted returns a word of a shell script.
func quoted(s string) string { return "'" + s + "'" }
