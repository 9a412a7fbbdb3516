package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.lsp.dev/uri"

	"quire/analysis/source"
)

// TestModel makes bursts of random edits, requests and cancellations, and
// compares every answer, and the diagnostics in the end, with those of a fresh
// server that is given the same texts.
func TestModel(t *testing.T) {
	sessions, bursts := 4, 4
	if long {
		sessions, bursts = 40, 25
	}
	for seed := range sessions {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(uint64(seed), 7))
			m := newModel(t, random, seed)
			for range bursts {
				m.burst()
			}
			m.session.leave()
		})
	}
	if !t.Failed() {
		t.Run("nothing is left", noneLeft)
	}
}

// noneLeft waits for the end of every goroutine of a server.
func noneLeft(t *testing.T) {
	end := time.Now().Add(patience)
	for {
		all := make([]byte, 1<<20)
		all = all[:runtime.Stack(all, true)]
		if !strings.Contains(string(all), "quire-lsp.(*server)") && !strings.Contains(string(all), "quire-lsp.(*outgoing)") {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("goroutines outlive the sessions:\n%s", all)
		}
		runtime.Gosched()
	}
}

// A model is what an editor shows, and a session that is told of it.
type model struct {
	t       *testing.T
	random  *rand.Rand
	caps    string
	enc     encoding
	pulls   bool
	session *session
	world   world
	files   []uri.URI
	asked   []question
}

// A world is the open files. It is not changed once something was asked about it.
type world map[uri.URI]buffer

type buffer struct {
	version int
	text    string
}

func (w world) String() string {
	var b strings.Builder
	for _, u := range slices.Sorted(maps.Keys(w)) {
		fmt.Fprintf(&b, "-- %s, version %d --\n%q\n", u, w[u].version, w[u].text)
	}
	return b.String()
}

// A question is a request, and what was open when it was made.
type question struct {
	world          world
	id             int
	method, params string
	cancelled      bool
}

func newModel(t *testing.T, random *rand.Rand, seed int) *model {
	root := t.TempDir()
	m := &model{t: t, random: random, world: world{}, enc: encoding(seed % 2), pulls: seed%4 > 1}
	text := "(local lib (require :lib))\n(import-macros {: twice} :mac)\n" + pipelineText(6)
	lib := "(local {: job} (require :quire.ci))\n(job :from-lib [:j1] (fn [{: sh}] (sh \"é 𝄞\")))\n{:go (fn [x] x)}\n"
	if seed%3 == 1 {
		text, lib = strings.ReplaceAll(text, "\n", "\r\n"), strings.ReplaceAll(lib, "\n", "\r\n")
	}
	ci := write(t, root, ".quire/ci.fnl", text)
	m.files = []uri.URI{ci, ci, ci, write(t, root, ".quire/lib.fnl", lib), write(t, root, ".quire/mac.fnl", "(fn twice [x] `(do ,x ,x))\n{: twice}\n")}
	m.caps = fmt.Sprintf(`{"general": {"positionEncodings": [%q]},
		"textDocument": {"publishDiagnostics": {"relatedInformation": true, "dataSupport": true, "tagSupport": {"valueSet": [1]}}%s}}`,
		m.enc.kind(), map[bool]string{true: `, "diagnostic": {"relatedInformation": true}`}[m.pulls])
	m.session = newSession(t, m.caps)
	m.open(ci, text)
	return m
}

// change puts a buffer into a world of its own.
func (m *model) change(u uri.URI, b buffer) {
	m.world = maps.Clone(m.world)
	m.world[u] = b
}

func (m *model) open(u uri.URI, text string) {
	m.change(u, buffer{1, text})
	m.session.open(u, m.world[u])
}

// burst makes some changes with requests between them, and compares.
func (m *model) burst() {
	for range 5 + m.random.IntN(25) {
		u := m.files[m.random.IntN(len(m.files))]
		b, open := m.world[u]
		switch m.random.IntN(12) {
		case 0:
			if open && u != m.files[0] {
				m.world = maps.Clone(m.world)
				delete(m.world, u)
				m.session.notify("textDocument/didClose", `{"textDocument": {"uri": %q}}`, u)
			}
		case 1:
			m.session.notify("textDocument/didSave", `{"textDocument": {"uri": %q}}`, u)
		case 2, 3, 4, 5, 6:
			if open {
				m.edit(u, b)
			} else {
				m.open(u, read(m.t, u))
			}
		default:
			m.ask(u, b)
		}
	}
	m.compare()
}

var modelPieces = append([]string{"\r\n", "\r", "🙂", "(lib.go 1)", "(twice ", "(jobs :j2)", ":from-lib", "`", ",", "#"}, pieces...)

// edit changes a file in one to three places at once, and rarely as a whole.
func (m *model) edit(u uri.URI, b buffer) {
	var changes []string
	for range 1 + m.random.IntN(3) {
		piece := modelPieces[m.random.IntN(len(modelPieces))]
		if m.random.IntN(20) == 0 {
			b.text = read(m.t, u) + piece
			changes = append(changes, fmt.Sprintf(`{"text": %s}`, encode(b.text)))
			continue
		}
		f := source.NewFile("", b.text)
		start := m.random.IntN(len(b.text) + 1)
		end := min(start+m.random.IntN(2)*m.random.IntN(12), len(b.text))
		r := m.enc.rangeOf(f, source.Span{Start: runeStart(b.text, start), End: runeStart(b.text, end)})
		span := m.enc.span(f, r)
		b.text = b.text[:span.Start] + piece + b.text[span.End:]
		changes = append(changes, fmt.Sprintf(`{"range": %s, "text": %s}`, encode(r), encode(piece)))
	}
	b.version++
	m.change(u, b)
	m.session.notify("textDocument/didChange", `{"textDocument": {"uri": %q, "version": %d}, "contentChanges": [%s]}`,
		u, b.version, strings.Join(changes, ","))
}

// A modelRequest is a request about a document, and what it is given beside that:
// AT stands for a position, and SPAN for a range.
type modelRequest struct{ method, more string }

// params returns the parameters of the request at places, which are JSON.
func (r modelRequest) params(u uri.URI, at func() string) string {
	more := strings.ReplaceAll(r.more, "AT", at())
	more = strings.ReplaceAll(more, "SPAN", `{"start": `+at()+`, "end": `+at()+`}`)
	if more != "" {
		more = ", " + more
	}
	return fmt.Sprintf(`{"textDocument": {"uri": %q}%s}`, u, more)
}

// modelRequests are the requests that are made.
var modelRequests = []modelRequest{
	{"hover", `"position": AT`}, {"definition", `"position": AT`}, {"documentHighlight", `"position": AT`},
	{"completion", `"position": AT`}, {"prepareRename", `"position": AT`}, {"documentSymbol", ""}, {"codeLens", ""},
	{"references", `"position": AT, "context": {"includeDeclaration": true}`},
	{"rename", `"position": AT, "newName": "fresh"`},
	{"codeAction", `"range": SPAN, "context": {"diagnostics": []}`},
	{"formatting", `"options": {"tabSize": 2, "insertSpaces": true}`},
	{"rangeFormatting", `"range": SPAN, "options": {"tabSize": 2, "insertSpaces": true}`},
	{"onTypeFormatting", `"position": AT, "ch": "\n", "options": {"tabSize": 2, "insertSpaces": true}`},
	{"diagnostic", ""}, {"foldingRange", ""}, {"documentLink", ""}, {"semanticTokens/full", ""},
	{"semanticTokens/range", `"range": SPAN`}, {"inlayHint", `"range": SPAN`}, {"signatureHelp", `"position": AT`},
	{"declaration", `"position": AT`}, {"linkedEditingRange", `"position": AT`}, {"prepareCallHierarchy", `"position": AT`},
	{"selectionRange", `"positions": [AT, AT]`},
}

// ask makes a random request and cancels some.
func (m *model) ask(u uri.URI, b buffer) {
	r := modelRequests[m.random.IntN(len(modelRequests))]
	if r.method == "diagnostic" && !m.pulls {
		return
	}
	at := func() string {
		return string(encode(m.enc.position(source.NewFile("", b.text), m.random.IntN(len(b.text)+1))))
	}
	q := question{world: m.world, method: "textDocument/" + r.method, params: r.params(u, at)}
	q.id = m.session.request(q.method, q.params)
	if m.random.IntN(4) == 0 {
		q.cancelled = true
		m.session.notify("$/cancelRequest", `{"id": %d}`, q.id)
	}
	m.asked = append(m.asked, q)
}

// compare compares what was answered, and the diagnostics as they are now, with
// what fresh servers say.
func (m *model) compare() {
	m.t.Helper()
	m.session.settle()
	for len(m.asked) > 0 {
		now := m.asked[0].world
		same := func(q question) bool { return maps.Equal(q.world, now) }
		fresh := m.fresh(now)
		for _, q := range m.asked {
			if !same(q) {
				continue
			}
			got := m.session.answer(q.id)
			if q.cancelled && strings.Contains(got, `"code":-32800`) {
				continue
			}
			if want := fresh.answer(fresh.request(q.method, q.params)); want != got {
				m.t.Fatalf("%s %s, of\n%s\n(-fresh +got):\n%s", q.method, q.params, now, cmp.Diff(want, got))
			}
		}
		fresh.leave()
		m.asked = slices.DeleteFunc(m.asked, same)
	}
	fresh := m.fresh(m.world)
	if want, got := fresh.wrong(m), m.session.wrong(m); want != got {
		m.t.Fatalf("diagnostics of\n%s\n(-fresh +got):\n%s", m.world, cmp.Diff(want, got))
	}
	fresh.leave()
}

// fresh returns a session in which these files were just opened.
func (m *model) fresh(w world) *session {
	s := newSession(m.t, m.caps)
	for _, u := range slices.Sorted(maps.Keys(w)) {
		s.open(u, w[u])
	}
	s.settle()
	return s
}

// A session is a connection on which messages go out in a known order.
type session struct {
	t      *testing.T
	server *server
	conn   net.Conn
	out    *outgoing
	exit   chan int
	last   int // id

	mu          sync.Mutex
	arrived     *sync.Cond
	answers     map[int]string
	diagnostics map[uri.URI]string
	gone        bool
}

func newSession(t *testing.T, caps string) *session {
	t.Helper()
	ours, theirs := net.Pipe()
	s := &session{t: t, server: newServer(testWriter{t}), conn: ours, out: newOutgoing(ours), exit: make(chan int, 1),
		answers: map[int]string{}, diagnostics: map[uri.URI]string{}}
	s.arrived = sync.NewCond(&s.mu)
	go func() { s.exit <- s.server.serve(context.Background(), theirs) }()
	go s.receive()
	s.answer(s.request("initialize", `{"processId": null, "rootUri": null, "capabilities": `+caps+`}`))
	s.notify("initialized", `{}`)
	return s
}

func (s *session) receive() {
	in := bufio.NewReader(s.conn)
	for {
		m, err := readMessage(in)
		var of struct{ URI uri.URI }
		var id int
		if err == nil && m.Method == "textDocument/publishDiagnostics" {
			err = json.Unmarshal(m.Params, &of)
		} else if err == nil && m.Method == "" {
			err = json.Unmarshal(m.ID, &id)
		}
		s.mu.Lock()
		switch {
		case err != nil:
			s.gone = true
		case of.URI != "":
			s.diagnostics[of.URI] = string(m.body)
		case m.Method == "":
			s.answers[id] = strings.Replace(string(m.body), fmt.Sprintf(`"id":%d,`, id), "", 1)
		}
		s.arrived.Broadcast()
		gone := s.gone
		s.mu.Unlock()
		if gone {
			return
		}
	}
}

func (s *session) send(body string) {
	_, _ = s.out.Write([]byte(frame(body)))
}

func (s *session) notify(method, params string, args ...any) {
	if len(args) > 0 {
		params = fmt.Sprintf(params, args...)
	}
	s.send(notificationText(method, params))
}

func (s *session) request(method, params string) int {
	s.last++
	s.send(requestText(s.last, method, params))
	return s.last
}

func (s *session) open(u uri.URI, b buffer) {
	s.notify("textDocument/didOpen", `{"textDocument": {"uri": %q, "languageId": "fennel", "version": %d, "text": %s}}`, u, b.version, encode(b.text))
}

// answer waits for an answer and returns it without its id, members of objects in
// the order of their names: the files of an edit come in any order.
func (s *session) answer(id int) string {
	s.t.Helper()
	var answer string
	if !waitUntil(s.arrived, func() bool { answer = s.answers[id]; return answer != "" || s.gone }) || answer == "" {
		s.t.Fatalf("no answer to request %d", id)
	}
	var members any
	if err := json.Unmarshal([]byte(tokenResult.ReplaceAllString(answer, "")), &members); err != nil {
		s.t.Fatalf("%v: %s", err, answer)
	}
	text, err := json.Marshal(members)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// tokenResult is the name of an answer about semantic tokens, which counts the
// answers of a session.
var tokenResult = regexp.MustCompile(`"resultId":"[0-9]+",`)

// settle waits until the server has nothing left to do and all that it said has
// arrived.
func (s *session) settle() {
	s.t.Helper()
	nothing := func() {
		s.answer(s.request("textDocument/documentSymbol", `{"textDocument": {"uri": "file:///none"}}`))
	}
	nothing()
	s.server.work.Wait()
	nothing()
}

// wrong returns what is wrong with the files as the client knows it.
func (s *session) wrong(m *model) string {
	s.t.Helper()
	var b strings.Builder
	for _, u := range slices.Compact(slices.Sorted(slices.Values(m.files))) {
		fmt.Fprintf(&b, "%s: ", filepath.Base(u.FsPath()))
		if m.pulls {
			b.WriteString(s.answer(s.request("textDocument/diagnostic", fmt.Sprintf(`{"textDocument": {"uri": %q}}`, u))))
		} else {
			s.mu.Lock()
			said := s.diagnostics[u]
			s.mu.Unlock()
			// Of a file with which nothing is wrong any more a fresh server says
			// nothing.
			if !strings.HasSuffix(said, `"diagnostics":[]}}`) || strings.Contains(said, `"version"`) {
				b.WriteString(said)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (s *session) leave() {
	s.t.Helper()
	s.answer(s.request("shutdown", "null"))
	s.notify("exit", "null")
	equal(s.t, "exit code", <-s.exit, 0)
	_ = s.out.Close()
}

func read(t *testing.T, u uri.URI) string {
	t.Helper()
	text, err := os.ReadFile(u.FsPath())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
