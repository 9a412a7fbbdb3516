package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	unicode "unicode/utf8"
)

// section is the name under which an editor keeps the settings.
const section = "quire"

// overlay puts what a client said of the settings over them. Absent and null
// mean that it said nothing. Each wrong value is left out and reported; unknown
// keys are returned, since an editor's package may have settings of its own.
func (s *settings) overlay(text json.RawMessage) (wrong, unknown []string) {
	l := layer{}
	var outer map[string]json.RawMessage
	if json.Unmarshal(text, &outer) == nil {
		if inner, ok := outer[section]; ok {
			text = inner
		}
	}
	l.put(reflect.ValueOf(s).Elem(), text, section)
	return l.wrong, l.unknown
}

// A layer collects what is wrong with a value that is put over settings.
type layer struct{ wrong, unknown []string }

func (l *layer) put(into reflect.Value, text json.RawMessage, path string) {
	if len(text) == 0 || string(text) == "null" {
		return
	}
	if into.Kind() == reflect.Struct {
		l.putFields(into, text, path)
		return
	}
	value := reflect.New(into.Type())
	if json.Unmarshal(text, value.Interface()) != nil {
		l.wrong = append(l.wrong, fmt.Sprintf("%s: expected %s, got %s. It stays %s.",
			path, expected(into), beginning(text), encode(into.Interface())))
		return
	}
	into.Set(value.Elem())
}

func (l *layer) putFields(into reflect.Value, text json.RawMessage, path string) {
	var object map[string]json.RawMessage
	if json.Unmarshal(text, &object) != nil {
		l.wrong = append(l.wrong, fmt.Sprintf("%s: expected an object, got %s. Its settings stay as they are.", path, beginning(text)))
		return
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if field, ok := fieldOf(into, key); ok {
			l.put(field, object[key], path+"."+key)
		} else {
			l.unknown = append(l.unknown, path+"."+key)
		}
	}
}

// fieldOf returns the field of a struct that has a name in JSON.
func fieldOf(v reflect.Value, key string) (reflect.Value, bool) {
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("json") == key {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

// expected says what a setting may be.
func expected(v reflect.Value) string {
	if e, ok := v.Interface().(interface{ expected() string }); ok {
		return e.expected()
	}
	return "true or false" // all others are switches
}

// beginning returns the beginning of a text that may be long.
func beginning(text []byte) string {
	const most = 60
	if len(text) <= most {
		return string(text)
	}
	cut := most
	for cut > 0 && !unicode.RuneStart(text[cut]) {
		cut--
	}
	return string(text[:cut]) + "…"
}
