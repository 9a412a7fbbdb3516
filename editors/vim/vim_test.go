// Package vim tests the settings for Vim in Vim, in a terminal and for real.
package vim

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"quire/editors/internal/terminal"
	"quire/editors/internal/tour"
)

// A client is a plugin that lets Vim speak with language servers.
type client struct {
	name     string // also of its settings in this directory
	variable string // of the environment, which says where it is
	debian   string // where Debian has it

	list    string // command that fills the location list, or empty when that is always full
	format  string
	rename  string
	actions string
	choose  func(v vim, title string) // chooses from what actions offers
	half    half
	preview string // name of the window for messages, if any
	lens    string // command that offers the lenses, if any
}

// A half is a word that is half written, and what completion makes of it.
type half struct {
	before string // text before it
	keys   string // what writes it
	text   string // pattern of the line with it
	whole  string // and after completion
}

var clients = []client{
	{
		name: "ale", variable: "QUIRE_ALE", debian: "/usr/share/vim-ale",
		format: "ALEFix", rename: "ALERename", actions: "ALECodeAction", choose: byNumber,
		preview: "ALEPreviewWindow",
		// What begins with a colon ALE compares without it, and finds nothing.
		half: half{"{:log ", "cwexi", `\{:log exi\}`, `\{:log exit\}`},
	},
	{
		name: "vim-lsp", variable: "QUIRE_VIM_LSP",
		list: "LspDocumentDiagnostics", format: "LspDocumentFormat", rename: "LspRename", actions: "LspCodeAction",
		choose: byFilter, lens: "LspCodeLens",
		half: half{"(job :broken [:quire/push", "i :bui", `:broken \[:quire/push :bui\]`, `:broken \[:quire/push :build\]`},
	},
}

// each runs a test with every client that is there.
func each(t *testing.T, test func(t *testing.T, c client, plugin string)) {
	t.Helper()
	if _, err := exec.LookPath("vim"); err != nil {
		t.Skip("no vim in PATH; .ci/editors installs it")
	}
	for _, c := range clients {
		t.Run(c.name, func(t *testing.T) {
			plugin := os.Getenv(c.variable)
			if plugin == "" {
				plugin = c.debian
			}
			if _, err := os.Stat(filepath.Join(plugin, "autoload")); err != nil || plugin == "" {
				t.Skipf("no %s; set %s to the directory of a clone", c.name, c.variable)
			}
			test(t, c, plugin)
		})
	}
}

// A vim is a Vim in a terminal with the pipeline of a tour open.
type vim struct {
	*terminal.Terminal
	client
	t    *testing.T
	told string // file for answers of Vim
}

// vimrc is that of somebody who has only a client. Tell writes the value of an
// expression to a file.
const vimrc = `set nocompatible nomore noswapfile hidden ruler laststatus=2 shortmess+=I background=dark
filetype plugin on
syntax on
let &runtimepath .= ',' . $QUIRE_PLUGIN
command! -nargs=1 Tell call writefile([json_encode(eval(<q-args>))], $QUIRE_TOLD . '.part') | call rename($QUIRE_TOLD . '.part', $QUIRE_TOLD)
`

// open opens the pipeline of a tour, with the settings of this directory.
// Trusted says in them that jobs may run.
func open(t *testing.T, c client, plugin string, tr *tour.Tour, trusted bool) vim {
	t.Helper()
	settings, err := os.ReadFile(c.name + ".vim")
	if err != nil {
		t.Fatal(err)
	}
	if trusted {
		settings = []byte(strings.Replace(string(settings), "'trusted': v:false", "'trusted': v:true", 1))
	}
	for path, text := range map[string]string{".vimrc": vimrc, ".vim/plugin/quire.vim": string(settings)} {
		path = filepath.Join(tr.Home, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	v := vim{client: c, t: t, told: filepath.Join(tr.Home, "told")}
	env := tr.Env("TERM=xterm-256color", "QUIRE_PLUGIN="+plugin, "QUIRE_TOLD="+v.told)
	v.Terminal = terminal.Start(t, 120, 34, tr.Root, env, "vim", tr.File)
	v.See(`ci\.fnl .*\d+,\d`)
	return v
}

// command executes a command of the command line.
func (v vim) command(text string) {
	v.t.Helper()
	v.Type(":" + text)
	v.See(`^:` + regexp.QuoteMeta(text[:min(len(text), 20)]))
	v.Keys("Enter")
}

// tell returns the value of an expression, as JSON.
func (v vim) tell(expression string) []byte {
	v.t.Helper()
	_ = os.Remove(v.told)
	v.command("Tell " + expression)
	var value []byte
	v.Until("told: "+expression, func() bool {
		var err error
		value, err = os.ReadFile(v.told)
		return err == nil
	})
	return value
}

// at puts the cursor where a text is, and so many columns to the right.
func (v vim) at(text string, right int) {
	v.t.Helper()
	v.command(fmt.Sprintf(`call cursor(1, 1) | call search('\V%s', 'c') | call cursor(line('.'), col('.') + %d)`, text, right))
	v.At(text, right)
}

// act chooses a code action at the cursor.
func (v vim) act(title string) {
	v.t.Helper()
	v.command(v.actions)
	v.choose(v, title)
}

// byNumber chooses from a list of ALE, which asks for a number.
func byNumber(v vim, title string) {
	v.t.Helper()
	number := v.See(`(\d+)\) ` + regexp.QuoteMeta(title))[0]
	v.See(`cancels\):`)
	v.Type(number)
	v.Keys("Enter")
	v.Unsee(`cancels\):`)
}

// byFilter chooses from a list of vim-lsp by a part of its text.
func byFilter(v vim, title string) {
	v.t.Helper()
	v.See(regexp.QuoteMeta(title))
	v.Type(title)
	v.Until("one is left", func() bool { return strings.Count(v.Screen(), "[quire]") == 1 })
	v.Keys("Enter")
	v.Unsee(`\[quire\] `)
}

// Every mistake of the tour is in the location list where the command line finds
// it.
func TestMistakes(t *testing.T) {
	bin := tour.Programs(t)
	each(t, func(t *testing.T, c client, plugin string) {
		tr := tour.New(t, bin, tour.Mistakes)
		v := open(t, c, plugin, tr, false)
		v.See(`^ ?(>>|E>|W>|--)`) // signs
		var missing []tour.Finding
		v.Until("all mistakes", func() bool {
			missing = v.missing(tr.Findings())
			return len(missing) == 0
		})
		v.command("qa!")
		v.Ended()
		tr.Gone()
	})
}

// An item is one of the location list. Its lines and columns count from 1,
// columns in bytes.
type item struct {
	Line int `json:"lnum"`
	Col  int
	Text string
}

// missing returns which findings in ci.fnl the location list lacks.
func (v vim) missing(findings []tour.Finding) []tour.Finding {
	v.t.Helper()
	if v.list != "" {
		v.command(v.list)
		defer v.command("lclose")
	}
	var items []item
	if err := json.Unmarshal(v.tell("getloclist(0)"), &items); err != nil {
		v.t.Fatal(err)
	}
	var missing []tour.Finding
	for _, f := range findings {
		if f.File == ".quire/ci.fnl" && !lists(items, f) {
			missing = append(missing, f)
		}
	}
	return missing
}

func lists(items []item, f tour.Finding) bool {
	for _, i := range items {
		if i.Line == f.Start.Line && i.Col == f.Start.Column && strings.Contains(i.Text, f.Message) {
			return true
		}
	}
	return false
}
