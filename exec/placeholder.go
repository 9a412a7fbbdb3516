package exec

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"quire/analysis/pipeline"
)

// Outputs that hold the value of a secret go to another machine as a template:
// in their strings, keys included,
//
//	${NAME}        stands for the value of the secret NAME,
//	${NAME|FORM}   for a text that is made of it, of which [writings] has the
//	               name, such as ${key|value.base64-1},
//	$$             for $
//
// where NAME is as [url.QueryEscape] writes it. Every $ that a job returns is
// doubled, so no job can return what is taken for the name of a secret.

// errNoTemplate says that outputs cannot be written without a value.
var errNoTemplate = errors.New("no template")

// template returns outputs with the names of secrets in place of their values,
// or nil when that is not possible: where only a part of a form is there, values
// overlap, or numbers are made of one.
func (r *redaction) template(d *pipeline.Data) *pipeline.Data {
	t, err := d.Map(r.holed)
	if err != nil {
		return nil
	}
	text, _, ok := t.JSON()
	if !ok || r.in(string(text)) {
		return nil
	}
	return t
}

// holed returns a string of a template.
func (r *redaction) holed(s string) (string, error) {
	literal := strings.NewReplacer("$", "$$")
	var b strings.Builder
	p := []byte(s)
	done := 0
	for i := r.candidate(p, 0); i < len(p); i = r.candidate(p, max(i+1, done)) {
		found, _ := r.at(p[i:])
		if found == nil {
			continue
		}
		end := i + len(found.value)
		if found.form == "" || r.goesOn(p, i+1, end) {
			return "", errNoTemplate
		}
		b.WriteString(literal.Replace(s[done:i]))
		b.WriteString("${" + url.QueryEscape(found.name))
		if found.form != wholeValue {
			b.WriteString("|" + found.form)
		}
		b.WriteString("}")
		done = end
	}
	b.WriteString(literal.Replace(s[done:]))
	return b.String(), nil
}

// goesOn reports whether a value that begins before end goes on behind it.
func (r *redaction) goesOn(p []byte, from, end int) bool {
	for i := r.candidate(p, from); i < end; i = r.candidate(p, i+1) {
		if found, _ := r.at(p[i:]); found != nil && i+len(found.value) > end {
			return true
		}
	}
	return false
}

// A revealer returns the value of a secret as (secret name) does in the job that
// asks.
//
// Who forges a template gets nothing by it: its secrets are asked for by the job
// that reads the outputs, through the same function that the job itself can call
// with any name, with the same refusals, warnings and redaction. So a template
// must never be filled in with anything else, nor before a job reads it.
type revealer func(name string) (string, error)

// fill returns what a template stands for.
func (ask revealer) fill(t *pipeline.Data) (*pipeline.Data, error) { return t.Map(ask.filled) }

// filled returns what a string of a template stands for.
func (ask revealer) filled(s string) (string, error) {
	var b strings.Builder
	for {
		literal, rest, ok := strings.Cut(s, "$")
		b.WriteString(literal)
		if !ok {
			return b.String(), nil
		}
		if s, ok = strings.CutPrefix(rest, "$"); ok {
			b.WriteByte('$')
			continue
		}
		hole, rest, closed := strings.Cut(rest, "}")
		about, opened := strings.CutPrefix(hole, "{")
		if !opened || !closed {
			return "", fmt.Errorf("%q is no template", "$"+hole)
		}
		value, err := ask.hole(about)
		if err != nil {
			return "", err
		}
		b.WriteString(value)
		s = rest
	}
}

// hole returns what is put where a template names a secret.
func (ask revealer) hole(about string) (string, error) {
	escaped, form, special := strings.Cut(about, "|")
	name, err := url.QueryUnescape(escaped)
	if err != nil {
		return "", fmt.Errorf("%q names no secret", escaped)
	}
	value, err := ask(name)
	if err != nil {
		return "", fmt.Errorf("they hold the value of the secret %q: %w", name, err)
	}
	if !special {
		return value, nil
	}
	text, ok := writtenAs(value, form)
	if !ok {
		return "", fmt.Errorf("they hold the value of the secret %q in a form that it has not on this machine", name)
	}
	return text, nil
}
