package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"
)

var update = flag.Bool("update", false, "rewrite what the server says in testdata/lsp")

// TestTranscripts plays the client's side of each transcript in testdata/lsp and
// compares what the server says. README.md there describes them.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("../../testdata/lsp/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p := newPlayer(t, archive)
			p.play()
			if *update {
				if err := os.WriteFile(file, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// Every request that the server answers is made in a transcript, and so is every
// command.
func TestTranscriptsAreComplete(t *testing.T) {
	files, err := filepath.Glob("../../testdata/lsp/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			if f.Name != "transcript" {
				continue
			}
			for _, b := range parseTranscript(t, string(f.Data)) {
				for _, u := range b.client {
					said[u.method] = true
					if of := commandOf.FindStringSubmatch(u.body); of != nil && u.method == protocol.MethodWorkspaceExecuteCommand {
						said[of[1]] = true
					}
				}
			}
		}
	}
	c := start(t, everything)
	for _, m := range protocol.Methods {
		if m.Kind != "request" || m.Direction != protocol.DirectionClientToServer || m.Method == protocol.MethodShutdown {
			continue
		}
		var wire *jsonrpc2.Error
		err := c.try(m.Method, json.RawMessage(`{}`), nil)
		if known := !errors.As(err, &wire) || wire.Code != jsonrpc2.MethodNotFound; known && !said[m.Method] {
			t.Errorf("no transcript has a request %s (which answers %v)", m.Method, err)
		}
	}
	for _, command := range commands() {
		if !said[command] {
			t.Errorf("no transcript has the command %s", command)
		}
	}
}

var commandOf = regexp.MustCompile(`"command": "([^"]+)"`)

// An utterance is a message of a transcript, or an action of the client.
type utterance struct {
	mark   string // →, ←, ! for an action, or nothing for a comment
	id     string // of a request or its answer, such as #1; @: of a request of the server, or its answer
	method string // of a request or notification; of the answer to a request of the server; "error"
	body   string // JSON as it is formatted; * stands for any; the text of an action or comment
}

// A block is what the client says or does without waiting, and what the server
// says then.
type block struct {
	client, server []utterance
}

func (u utterance) String() string {
	if u.mark == "" {
		return u.body
	}
	parts := []string{u.mark}
	for _, part := range []string{u.id, u.method, u.body} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " ")
}

// kind is what an utterance has in common with those that keep their order with
// it. What is published of one file says nothing about when that of another is.
func (u utterance) kind() string {
	if u.method == "textDocument/publishDiagnostics" {
		return u.sort() + publishedURI.FindString(u.body)
	}
	return u.sort()
}

var publishedURI = regexp.MustCompile(`"uri": "[^"]*"`)

// sort is what an utterance has in common with those that * may stand for.
func (u utterance) sort() string {
	if u.method == "error" {
		return u.id
	}
	return u.id + " " + u.method
}

// parseTranscript splits a transcript into blocks. A line that begins with a
// blank goes on with the line before.
func parseTranscript(t *testing.T, text string) (blocks []block) {
	t.Helper()
	var b block
	var lines []string
	for line := range strings.Lines(text) {
		if n := len(lines); n > 0 && strings.HasPrefix(line, " ") {
			lines[n-1] += line
		} else {
			lines = append(lines, line)
		}
	}
	for _, line := range lines {
		u := parseUtterance(t, strings.TrimRight(line, "\n"))
		if u.mark == "←" {
			b.server = append(b.server, u)
			continue
		}
		if len(b.server) > 0 {
			blocks, b = append(blocks, b), block{}
		}
		b.client = append(b.client, u)
	}
	return append(blocks, b)
}

var startsMethod = regexp.MustCompile(`^[a-z$]`)

func parseUtterance(t *testing.T, line string) utterance {
	t.Helper()
	mark, rest, _ := strings.Cut(line, " ")
	u := utterance{mark: mark}
	switch mark {
	case "!":
		u.body = rest
		return u
	case "→", "←":
	default:
		return utterance{body: line}
	}
	if strings.HasPrefix(rest, "#") || strings.HasPrefix(rest, "@") {
		u.id, rest, _ = strings.Cut(rest, " ")
	}
	if startsMethod.MatchString(rest) && rest != "null" && rest != "true" && rest != "false" {
		u.method, rest, _ = strings.Cut(rest, " ")
	}
	u.body = strings.TrimSpace(rest)
	if mark == "←" && u.body != "*" && u.body != "" {
		u.body = formatJSON(t, u.body)
	}
	return u
}

// A player plays the client of one transcript.
type player struct {
	t       *testing.T
	archive *txtar.Archive
	blocks  []block
	base    string // the directory of everything; the repository is base/repo

	out  net.Conn
	exit chan int

	mu      sync.Mutex // guards the fields below
	came    *sync.Cond // something came
	heard   []utterance
	pending map[string][]json.RawMessage // ids of requests of the server, by their methods
	open    int                          // requests that the server has not answered
	buffers map[string]bool              // URIs that the client has opened, as the server writes them
	ended   bool
	names   []named // what stands for what varies
}

// named is a text that varies, and what stands for it in the transcript.
type named struct{ text, name string }

func newPlayer(t *testing.T, archive *txtar.Archive) *player {
	t.Helper()
	root := workspace(t)
	p := &player{t: t, archive: archive, base: filepath.Dir(root), exit: make(chan int, 1), pending: map[string][]json.RawMessage{}, buffers: map[string]bool{}}
	p.came = sync.NewCond(&p.mu)
	p.names = []named{
		{string(uri.File(root)), "$ROOT"}, {string(uri.File(p.base)), "$BASE"},
		{root, "$DIR"}, {p.base, "$HOME"},
	}
	for _, f := range archive.Files {
		switch {
		case f.Name == "transcript":
			p.blocks = parseTranscript(t, string(f.Data))
		case !strings.HasPrefix(f.Name, "later/"):
			p.write(f.Name, string(f.Data))
		}
	}
	ours, theirs := net.Pipe()
	p.out = ours
	go func() { p.exit <- serve(context.Background(), theirs, testWriter{t}) }()
	go p.listen()
	t.Cleanup(func() {
		ours.Close()
		select {
		case <-p.exit:
		case <-time.After(patience):
			t.Error("the server does not end")
		}
	})
	return p
}

// write writes a file of the repository, or with a name that begins with ../
// beside it.
func (p *player) write(name, text string) {
	p.t.Helper()
	path := filepath.Join(p.base, "repo", filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// file returns the text of a file of the transcript.
func (p *player) file(name string) string {
	p.t.Helper()
	for _, f := range p.archive.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	p.t.Fatalf("the transcript has no file %s", name)
	return ""
}

// play plays all blocks, and ends the session if the transcript does not.
func (p *player) play() {
	p.t.Helper()
	exits := false
	for i := range p.blocks {
		b := &p.blocks[i]
		for _, u := range b.client {
			exits = exits || u.method == "exit"
			p.act(u)
		}
		if !p.hear(b) && !*update {
			return
		}
	}
	if !exits {
		p.act(utterance{mark: "→", id: "#end", method: "shutdown"})
		p.hear(&block{server: []utterance{{mark: "←", id: "#end", body: "null"}}})
		p.act(utterance{mark: "→", method: "exit"})
	}
	waitUntil(p.came, func() bool { return p.ended })
	if rest := p.mandatory(p.heard); len(rest) > 0 {
		p.t.Errorf("the server says in the end:\n%s", said(rest))
	}
	if *update {
		p.rewrite()
	}
}

// act says or does what the client does.
func (p *player) act(u utterance) {
	p.t.Helper()
	switch u.mark {
	case "!":
		words := strings.Fields(u.body)
		switch {
		case len(words) == 3 && words[0] == "write":
			p.write(words[1], p.file(words[2]))
		case len(words) == 2 && words[0] == "remove":
			if err := os.Remove(filepath.Join(p.base, "repo", words[1])); err != nil {
				p.t.Fatal(err)
			}
		default:
			p.t.Fatalf("no action %q", u.body)
		}
	case "→":
		p.send(u)
	}
}

var textOf = regexp.MustCompile(`"\$TEXT\(([^)]+)\)"`)

// send says what the client says.
func (p *player) send(u utterance) {
	p.t.Helper()
	body := textOf.ReplaceAllStringFunc(u.body, func(s string) string {
		return string(encode(p.file(textOf.FindStringSubmatch(s)[1])))
	})
	p.mu.Lock()
	for _, n := range p.names {
		body = strings.ReplaceAll(body, n.name, n.text)
	}
	message := map[string]any{"jsonrpc": "2.0"}
	switch {
	case u.id == "@":
		ids := p.pending[u.method]
		if len(ids) == 0 {
			p.t.Fatalf("the server did not ask %s", u.method)
		}
		message["id"], p.pending[u.method] = ids[0], ids[1:]
		message["result"] = json.RawMessage(body)
	default:
		if u.id != "" {
			p.open++
			message["id"] = strings.TrimPrefix(u.id, "#")
		}
		message["method"] = u.method
		if body != "" {
			message["params"] = json.RawMessage(body)
		}
		if of := publishedURI.FindString(body); u.method == "textDocument/didOpen" || u.method == "textDocument/didClose" {
			p.buffers[of] = u.method == "textDocument/didOpen"
		}
	}
	p.mu.Unlock()
	text, err := json.Marshal(message)
	if err != nil {
		p.t.Fatalf("%v: %v", u, err)
	}
	if _, err := p.out.Write([]byte(frame(string(text)))); err != nil {
		p.t.Fatalf("%v: %v", u, err)
	}
}

// listen takes what the server says until it ends.
func (p *player) listen() {
	in := bufio.NewReader(p.out)
	for {
		m, err := readMessage(in)
		p.mu.Lock()
		if err != nil {
			p.ended = true
			p.came.Broadcast()
			p.mu.Unlock()
			return
		}
		u := utterance{mark: "←", method: m.Method}
		body := m.Params
		switch {
		case m.Method != "" && m.ID != nil:
			u.id = "@"
			p.pending[m.Method] = append(p.pending[m.Method], m.ID)
		case m.Error != nil:
			p.open--
			u.id, u.method, body = "#"+strings.Trim(string(m.ID), `"`), "error", m.Error
		case m.Method == "":
			p.open--
			u.id, body = "#"+strings.Trim(string(m.ID), `"`), m.Result
		}
		if len(body) > 0 {
			u.body = formatJSON(p.t, p.neutral(string(body)))
		}
		if !p.overtaken(m) {
			p.heard = append(p.heard, u)
		}
		p.came.Broadcast()
		p.mu.Unlock()
		if strings.HasSuffix(u.method, "/refresh") {
			p.send(utterance{mark: "→", id: "@", method: u.method, body: "null"})
		}
	}
}

// overtaken reports whether a message says what is wrong with a file on disk that
// the client has opened meanwhile. Whether the server says it is a matter of time.
func (p *player) overtaken(m message) bool {
	return m.Method == "textDocument/publishDiagnostics" && p.buffers[publishedURI.FindString(formatJSON(p.t, string(m.Params)))] &&
		!bytes.Contains(m.Params, []byte(`"version":`))
}

// varying are texts that differ from one time to the next. Those with a $ are
// numbered, so that the client can name them.
var varying = []struct {
	pattern *regexp.Regexp
	name    string
}{
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`), "$$RUN"},
	{regexp.MustCompile(`"resultId": ?"([0-9a-f]{32})"`), "$$RESULT"},
	{regexp.MustCompile(`file://[^"]*/quire-lsp-\d+/`), "$$SCRATCH/"},
	{regexp.MustCompile(`\b\d+(\.\d+)? m?s\b`), "TIME"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`), "DATE"},
	{regexp.MustCompile(`\brepo-[0-9a-f]{8}\b`), "repo-HASH"},
	{regexp.MustCompile(`"durationMs": ?\d+`), `"durationMs":"TIME"`},
	{regexp.MustCompile(`"finishedMs": ?\d+`), `"finishedMs":"TIME"`},
	{regexp.MustCompile(`"version":"[^"]*"`), `"version":"VERSION"`},
}

// neutral puts names for what varies.
func (p *player) neutral(body string) string {
	for _, v := range varying {
		name, numbered := strings.CutPrefix(v.name, "$$")
		if !numbered {
			body = v.pattern.ReplaceAllLiteralString(body, v.name)
			continue
		}
		for _, m := range v.pattern.FindAllStringSubmatch(body, -1) {
			p.name(m[len(m)-1], "$"+name)
		}
	}
	for _, n := range p.names {
		body = strings.ReplaceAll(body, n.text, n.name)
	}
	return body
}

// name gives a text a name with a number.
func (p *player) name(text, name string) {
	count := 1
	for _, n := range p.names {
		if n.text == text {
			return
		}
		if strings.HasPrefix(n.name, name) {
			count++
		}
	}
	if dir, ok := strings.CutSuffix(name, "/"); ok {
		name = fmt.Sprintf("%s%d/", dir, count)
	} else {
		name = fmt.Sprintf("%s%d", name, count)
	}
	p.names = slices.Insert(p.names, 0, named{text, name})
}

// hear waits until the server has said what a block has, and reports whether
// that is all that it said.
func (p *player) hear(b *block) bool {
	p.t.Helper()
	var got []utterance
	if *update {
		p.settle()
	}
	complete := waitUntil(p.came, func() bool {
		got = p.heard
		return *update || p.ended || len(p.mandatory(got)) >= len(p.mandatory(b.server)) && contains(got, p.optional(b.server))
	})
	p.mu.Lock()
	p.heard = p.heard[len(got):]
	p.mu.Unlock()
	want := b.server
	heard := p.listed(got, want)
	if complete && said(heard) == said(want) {
		return true
	}
	if *update {
		b.server = heard
		return false
	}
	p.t.Errorf("after\n%s\n", said(b.client))
	equal(p.t, "the server says", strings.Split(said(heard), "\n"), strings.Split(said(want), "\n"))
	return false
}

// settle waits until the server has nothing more to say, which only a person
// who then reads the transcript can know.
func (p *player) settle() {
	for before, quiet := -1, 0; quiet < 2; quiet++ {
		time.Sleep(200 * time.Millisecond)
		p.mu.Lock()
		if now := len(p.heard); now != before || p.open > 0 && !p.ended {
			before, quiet = now, -1
		}
		p.mu.Unlock()
	}
}

// isOptional reports whether the server says something as often as time allows:
// reports of progress, and requests to look again. A transcript has those that
// have to come; there may be more, of requests only of the methods that it has.
func (p *player) isOptional(u utterance) bool {
	if u.method == "$/progress" {
		return strings.Contains(u.body, `"kind": "report"`)
	}
	if !strings.HasSuffix(u.method, "/refresh") {
		return false
	}
	return *update || slices.ContainsFunc(p.blocks, func(b block) bool {
		return slices.ContainsFunc(b.server, func(v utterance) bool { return v.method == u.method })
	})
}

func (p *player) optional(us []utterance) []utterance {
	return slices.DeleteFunc(slices.Clone(us), func(u utterance) bool { return !p.isOptional(u) })
}

func (p *player) mandatory(us []utterance) []utterance {
	return slices.DeleteFunc(slices.Clone(us), p.isOptional)
}

func contains(all, some []utterance) bool {
	for _, u := range some {
		if !slices.Contains(all, u) {
			return false
		}
	}
	return true
}

// listed returns what a transcript has of what came, where want is what it had:
// what comes at the same time, in the order of want; what is any, as such; of
// the optional, what want has.
func (p *player) listed(got, want []utterance) []utterance {
	var list []utterance
	for i, u := range got {
		for _, w := range want {
			if w.body == "*" && w.sort() == u.sort() {
				u.body = "*"
			}
		}
		if p.isOptional(u) {
			news := *update && u.method != "$/progress" && !slices.Contains(got[:i], u)
			if slices.Contains(list, u) || !news && !slices.Contains(want, u) {
				continue
			}
		}
		list = append(list, u)
	}
	place := func(u utterance) int {
		if i := slices.IndexFunc(want, func(w utterance) bool { return w.kind() == u.kind() }); i >= 0 {
			return i
		}
		return len(want)
	}
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b utterance) int { return place(a) - place(b) })
	expected := slices.Clone(want)
	slices.SortStableFunc(expected, func(a, b utterance) int { return place(a) - place(b) })
	if said(sorted) == said(expected) {
		return want
	}
	if *update {
		return list
	}
	return sorted
}

// said writes utterances as a transcript has them.
func said(us []utterance) string {
	var lines []string
	for _, u := range us {
		lines = append(lines, u.String())
	}
	return strings.Join(lines, "\n")
}

// rewrite puts the blocks as they are now into the archive.
func (p *player) rewrite() {
	var all bytes.Buffer
	for _, b := range p.blocks {
		for _, u := range append(slices.Clone(b.client), b.server...) {
			all.WriteString(u.String() + "\n")
		}
	}
	for i, f := range p.archive.Files {
		if f.Name == "transcript" {
			p.archive.Files[i].Data = all.Bytes()
		}
	}
}

// formatJSON writes a value on one line if it fits, or else each member on its
// own, in the order that they have.
func formatJSON(t *testing.T, text string) string {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	v, err := readJSON(d)
	if err != nil {
		t.Errorf("%s: %v", text, err)
		return text
	}
	return v.format("  ")
}

// A jsonValue is a value, with the members of an object in their order.
type jsonValue struct {
	text    string   // of all that has no members
	open    string   // { or [
	keys    []string // of an object, as they are written
	members []jsonValue
}

func readJSON(d *json.Decoder) (jsonValue, error) {
	token, err := d.Token()
	if err != nil {
		return jsonValue{}, err
	}
	delim, ok := token.(json.Delim)
	if !ok {
		var text bytes.Buffer
		e := json.NewEncoder(&text)
		e.SetEscapeHTML(false)
		err := e.Encode(token)
		return jsonValue{text: strings.TrimSpace(text.String())}, err
	}
	v := jsonValue{open: delim.String()}
	for d.More() {
		if v.open == "{" {
			key, err := readJSON(d)
			if err != nil {
				return v, err
			}
			v.keys = append(v.keys, key.text+": ")
		} else {
			v.keys = append(v.keys, "")
		}
		member, err := readJSON(d)
		if err != nil {
			return v, err
		}
		v.members = append(v.members, member)
	}
	_, err = d.Token()
	return v, err
}

func (v jsonValue) compact() string {
	if v.open == "" {
		return v.text
	}
	var parts []string
	for i, m := range v.members {
		parts = append(parts, v.keys[i]+m.compact())
	}
	return v.open + strings.Join(parts, ", ") + v.close()
}

func (v jsonValue) close() string { return map[string]string{"{": "}", "[": "]"}[v.open] }

func (v jsonValue) format(indent string) string {
	const width = 110
	if line := v.compact(); len(v.members) == 0 || len(indent)+len(line) <= width {
		return line
	}
	var text strings.Builder
	column := width // of the last line
	for i, m := range v.members {
		part := v.keys[i] + m.format(indent+"  ")
		if simple := v.open == "[" && m.open == ""; simple && column+len(part) < width {
			text.WriteString(" " + part)
			column += len(part) + 1
		} else {
			text.WriteString("\n" + indent + part)
			column = len(indent) + len(part)
		}
		if i < len(v.members)-1 {
			text.WriteString(",")
			column++
		}
	}
	return v.open + text.String() + v.close()
}
