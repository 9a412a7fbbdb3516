package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"

	"quire/analysis/diag"
)

// argument decodes the one argument of a command into a pointer to a struct. A
// field that the struct does not have is refused: a misspelt option that is
// left out without a word makes another run than was asked for.
func argument(p *protocol.ExecuteCommandParams, into any) error {
	if len(p.Arguments) != 1 {
		return invalid("%s takes one JSON object, got %d arguments", p.Command, len(p.Arguments))
	}
	d := json.NewDecoder(bytes.NewReader(p.Arguments[0]))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return invalid("%s: %s", p.Command, misfit(err, into))
	}
	return nil
}

// misfit says why an argument does not decode.
func misfit(err error, into any) string {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		text := fmt.Sprintf("expected %s, got %s", jsonNoun(wrong.Type), wrong.Value)
		if wrong.Field != "" {
			text = wrong.Field + ": " + text
		}
		return text
	}
	if quoted, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		text := "unknown field " + quoted
		names := fieldNames(reflect.TypeOf(into).Elem())
		near, ok := diag.Nearest(strings.Trim(quoted, `"`), func(yield func(string) bool) {
			for _, name := range names {
				if !yield(name) {
					return
				}
			}
		})
		if ok {
			text += fmt.Sprintf("; did you mean %q?", near)
		}
		return text
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

// jsonNoun names what JSON has for a type.
func jsonNoun(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice:
		return "a list"
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	}
	return "a string"
}

// fieldNames returns the names that the fields of a struct, and of structs in
// it, have in JSON.
func fieldNames(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" {
			names = append(names, name)
		}
		if f.Type.Kind() == reflect.Struct {
			names = append(names, fieldNames(f.Type)...)
		}
	}
	return names
}

func invalid(format string, args ...any) error {
	return jsonrpc2.NewError(jsonrpc2.InvalidParams, fmt.Sprintf(format, args...))
}

// encode returns the JSON of a value that always has one.
func encode(v any) protocol.LSPAny {
	text, err := protocol.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}
