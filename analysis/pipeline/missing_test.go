package pipeline_test

import "testing"

// TestMissingGlobals runs jobs whose run-fns name globals that do not exist:
// reaching one raises at the name, and not reaching it changes nothing.
func TestMissingGlobals(t *testing.T) {
	p := loaded(t, `(local {: job} (require :quire.ci))
(fn helper [x] (frobnicate x))
(job :reached [:quire/push] (fn [{: log}] (log "x") (os.execute "make")))
(job :avoided [:quire/push] (fn [{: env}] (when (env :NOTHING_LIKE_IT) (io.write "x")) {:n 1}))
(job :caught [:quire/push] (fn [] (let [(ok message) (pcall #(undefined.name 1))] {: ok : message})))
(job :helped [:quire/push] (fn [] (helper 1)))
(job :operand [:quire/push] (fn [] (or nil nothing.here)))
(job :vocabulary [:quire/push] (fn [] (sh "make")))
`)
	for _, test := range []struct{ job, want string }{
		{"reached", "error 3:54-3:64: os.execute does not exist in a pipeline"},
		{"avoided", `{"n":1}`},
		{"caught", `{"message":"unknown identifier: undefined","ok":false}`},
		{"helped", "error 2:17-2:27: unknown identifier: frobnicate"},
		{"operand", "error 7:44-7:56: unknown identifier: nothing"},
		{"vocabulary", "error 8:40-8:42: unknown identifier: sh"},
	} {
		if got := outcome(p, test.job, newHost(t)); got != test.want {
			t.Errorf("%s gives %s, want %s", test.job, got, test.want)
		}
	}
}
