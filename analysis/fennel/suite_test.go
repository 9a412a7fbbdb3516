package fennel_test

import (
	"bufio"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// suiteFiles are the files of the reference's suite that do not concern its
// command line, its repl or its plugins.
var suiteFiles = strings.Fields("core mangling quoting bit fennelview parser failures macro loops misc searcher api sourcemap")

// suiteCategories are what assertions may fail for, and whether those are left
// out of the account. The data says what they mean.
var suiteCategories = map[string]bool{
	"lua-text": true,
	"repl":     true,
	"plugin":   true,
	"host":     false,
	"vm":       false,
	"decided":  false,
}

// TestReferenceSuite runs the test files of a checkout of the reference at tag
// 1.6.1, which FENNEL_SUITE names. Assertions may fail only as
// testdata/suite/failures.txt says, and what is listed there has to fail. An
// assertion that a test does not come to, since an error ends it, counts as
// failed.
func TestReferenceSuite(t *testing.T) {
	dir := os.Getenv("FENNEL_SUITE")
	if dir == "" {
		t.Skip("set FENNEL_SUITE to a checkout of the reference to run its tests")
	}
	files := suiteSources(t, dir)
	sizes, excused := suiteSizes(t), suiteFailures(t)
	var whole tally
	for _, name := range suiteFiles {
		s := newSuite(name, files)
		if err := s.run(); err != nil {
			t.Errorf("%s does not load: %v", name, err)
		}
		account := tally{}
		for _, test := range s.tests {
			id := name + " " + test.name
			account.add(test.check(t, id, sizes[id], excused[id]))
			delete(sizes, id)
			delete(excused, id)
		}
		t.Logf("%-10s %s", name, account)
		whole.add(account)
	}
	for id := range sizes {
		t.Errorf("%s did not run", id)
	}
	for id := range excused {
		t.Errorf("%s is listed in failures.txt and did not run", id)
	}
	t.Logf("%-10s %s", "all", whole)
	t.Logf("%.1f %% of the assertions that are not left out hold", whole.percentage())
}

// A tally is how many assertions hold, and fail in each category.
type tally map[string]int

const passed = "passed"

func (a *tally) add(b tally) {
	if *a == nil {
		*a = tally{}
	}
	for category, n := range b {
		(*a)[category] += n
	}
}

func (a tally) String() string {
	text := fmt.Sprintf("%4d passed", a[passed])
	categories := []string{}
	for category := range a {
		if category != passed {
			categories = append(categories, category)
		}
	}
	slices.Sort(categories)
	for _, category := range categories {
		text += fmt.Sprintf(", %d %s", a[category], category)
	}
	return text
}

func (a tally) percentage() float64 {
	counted := 0
	for category, n := range a {
		if !suiteCategories[category] {
			counted += n
		}
	}
	return 100 * float64(a[passed]) / float64(counted)
}

// suiteSizes reads how many assertions each test makes.
func suiteSizes(t *testing.T) map[string]int {
	sizes := map[string]int{}
	for _, line := range suiteLines(t, "testdata/suite/counts.txt") {
		fields := strings.Fields(line)
		n, err := strconv.Atoi(fields[len(fields)-1])
		if len(fields) != 3 || err != nil {
			t.Fatalf("counts.txt: %s", line)
		}
		sizes[fields[0]+" "+fields[1]] = n
	}
	return sizes
}

// A suiteFailure says why assertions of a test fail.
type suiteFailure struct {
	first, last      int // the numbers of the assertions in the test, from 1
	category, reason string
}

// suiteFailures reads lines of a file, a test, the numbers of assertions such
// as 3, 3-5 or 3- for all from the third on, a category and a reason.
func suiteFailures(t *testing.T) map[string][]suiteFailure {
	out := map[string][]suiteFailure{}
	for _, line := range suiteLines(t, "testdata/suite/failures.txt") {
		fields := strings.SplitN(line, " ", 5)
		if len(fields) != 5 {
			t.Fatalf("failures.txt: %s", line)
		}
		if _, ok := suiteCategories[fields[3]]; !ok {
			t.Errorf("failures.txt: no category %s", fields[3])
		}
		id := fields[0] + " " + fields[1]
		for numbers := range strings.SplitSeq(fields[2], ",") {
			f := suiteFailure{category: fields[3], reason: fields[4]}
			low, high, isRange := strings.Cut(numbers, "-")
			f.first, _ = strconv.Atoi(low)
			f.last, _ = strconv.Atoi(high)
			if !isRange {
				f.last = f.first
			} else if high == "" {
				f.last = 1 << 20
			}
			out[id] = append(out[id], f)
		}
	}
	return out
}

func suiteLines(t *testing.T, path string) []string {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if line := lines.Text(); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}

// A suiteTest is one test that was run.
type suiteTest struct {
	name    string
	results []string // of its assertions: empty, or how it fails
	err     error    // that ended it
}

// check compares a test with what is known of it.
func (s *suiteTest) check(t *testing.T, id string, size int, excused []suiteFailure) tally {
	account := tally{}
	missing := "and those behind it are not reached"
	if s.err != nil {
		missing += ": " + s.err.Error()
	}
	silent := false // about what is not reached
	for i := range max(size, len(s.results)) {
		n, why := i+1, missing
		if i < len(s.results) {
			why = s.results[i]
		}
		at := slices.IndexFunc(excused, func(f suiteFailure) bool { return f.first <= n && n <= f.last })
		switch {
		case why == "" && at >= 0:
			t.Errorf("%s %d holds, but is listed: %s", id, n, excused[at].reason)
		case why != "" && at < 0 && !silent:
			t.Errorf("%s %d: %s", id, n, firstLines(why))
			silent = i >= len(s.results)
		}
		category := passed
		if why != "" {
			category = "unlisted"
			if at >= 0 {
				category = excused[at].category
			}
		}
		account[category]++
	}
	if s.err != nil && len(s.results) >= size {
		t.Errorf("%s ends with %v", id, s.err)
	}
	return account
}

func firstLines(s string) string {
	if lines := strings.SplitAfterN(s, "\n", 6); len(lines) > 5 {
		s = strings.Join(lines[:5], "") + "…"
	}
	return s[:min(len(s), 600)]
}

// suiteSources reads the Fennel and Lua files that tests are made of.
func suiteSources(t *testing.T, dir string) map[string]string {
	out := map[string]string{}
	err := filepath.WalkDir(filepath.Join(dir, "test"), func(path string, d fs.DirEntry, err error) error {
		if ext := filepath.Ext(path); err != nil || d.IsDir() || ext != ".fnl" && ext != ".fnlm" && ext != ".lua" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		out[filepath.ToSlash(rel)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	const found = "src/fennel.fnl" // that tests look for
	text, err := os.ReadFile(filepath.Join(dir, found))
	if err != nil {
		t.Fatal(err)
	}
	out[found] = string(text)
	assertions, err := os.ReadFile("testdata/suite/assertions.fnl")
	if err != nil {
		t.Fatal(err)
	}
	out["test/faith.fnl"] = string(assertions)
	return out
}

// run loads the file and calls its tests in the order of their names.
func (s *suite) run() error {
	state := s.r.p.State
	defer state.Close()
	L := state.L
	exported, err := s.load(L, "test."+s.file)
	if err != nil {
		return err
	}
	assertions, err := s.load(L, "test.faith")
	if err != nil {
		return err
	}
	results := assertions.RawGetString("results").(*lua.LTable)
	tests := map[string]lua.LValue{}
	exported.ForEach(func(k, v lua.LValue) { tests[k.String()] = v })
	call := func(name string) error {
		if tests[name] == nil {
			return nil
		}
		state.Refill(suiteLimits)
		_, err := state.Call(context.Background(), L, tests[name])
		return err
	}
	if err := call("setup-all"); err != nil {
		return err
	}
	for _, name := range sortedTests(tests) {
		test := &suiteTest{name: name}
		known := results.Len()
		if test.err = call("setup"); test.err == nil {
			test.err = call(name)
		}
		for i := known + 1; i <= results.Len(); i++ {
			why := ""
			if text, ok := results.RawGetInt(i).(lua.LString); ok {
				why = string(text)
			}
			test.results = append(test.results, why)
		}
		s.tests = append(s.tests, test)
		if err := call("teardown"); err != nil {
			return err
		}
	}
	return nil
}

// load requires a module of the suite.
func (s *suite) load(L *lua.LState, name string) (*lua.LTable, error) {
	values, err := s.r.p.State.Call(context.Background(), L, L.GetGlobal("require"), lua.LString(name))
	if err != nil {
		return nil, err
	}
	t, ok := values[0].(*lua.LTable)
	if !ok {
		return nil, fmt.Errorf("%s is no table", name)
	}
	return t, nil
}

func sortedTests(tests map[string]lua.LValue) []string {
	var names []string
	for name := range tests {
		if strings.HasPrefix(name, "test-") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
