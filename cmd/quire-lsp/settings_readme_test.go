package main

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
)

// The README has every setting with its default.
func TestSettingsAreDescribed(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var check func(v reflect.Value, prefix string)
	check = func(v reflect.Value, prefix string) {
		for i := range v.NumField() {
			name, field := prefix+v.Type().Field(i).Tag.Get("json"), v.Field(i)
			if field.Kind() == reflect.Struct {
				check(field, name+".")
			} else if row := fmt.Sprintf("| `%s` | `%s` |", name, encode(field.Interface())); !strings.Contains(string(readme), row) {
				t.Errorf("the README has no row %s", row)
			}
		}
	}
	check(reflect.ValueOf(defaultSettings()), "")
}
