package pipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"quire/analysis/source"
)

// JSON returns the data as outputs are stored: a sequence as an array, an empty
// table as {}, any other table as an object with its keys in order. ok is
// false, with the path of the offending key, when it cannot be stored: for text
// that is not UTF-8, numbers that are not finite, and tables whose keys are
// neither all strings nor those of a sequence.
func (d *Data) JSON() (text []byte, badPath string, ok bool) {
	if d.bad != nil {
		return nil, d.bad.path, false
	}
	var w jsonWriter
	if !w.value(d.value) {
		return nil, pathText(w.path), false
	}
	return w.out.Bytes(), "", true
}

type jsonWriter struct {
	out  bytes.Buffer
	path []any
}

func (w *jsonWriter) value(v any) bool {
	switch v := v.(type) {
	case nil:
		w.out.WriteString("null")
	case bool:
		w.out.WriteString(strconv.FormatBool(v))
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return false
		}
		w.out.WriteString(numberText(v))
	case string:
		return w.text(v)
	case *dataTable:
		if items, ok := v.sequence(); ok {
			return w.array(items)
		}
		return w.object(v)
	}
	return true
}

func (w *jsonWriter) text(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	e := json.NewEncoder(&w.out)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return false
	}
	w.out.Truncate(w.out.Len() - 1) // the encoder's newline
	return true
}

func (w *jsonWriter) array(items []any) bool {
	w.out.WriteByte('[')
	for i, item := range items {
		if i > 0 {
			w.out.WriteByte(',')
		}
		if !w.member(float64(i+1), item) {
			return false
		}
	}
	w.out.WriteByte(']')
	return true
}

func (w *jsonWriter) object(t *dataTable) bool {
	for _, p := range t.pairs {
		if _, ok := p.key.(string); !ok {
			w.path = append(w.path, p.key)
			return false
		}
	}
	pairs := slices.Clone(t.pairs)
	slices.SortFunc(pairs, func(a, b dataPair) int { return strings.Compare(a.key.(string), b.key.(string)) })
	w.out.WriteByte('{')
	for i, p := range pairs {
		if i > 0 {
			w.out.WriteByte(',')
		}
		if !w.text(p.key.(string)) {
			w.path = append(w.path, p.key)
			return false
		}
		w.out.WriteByte(':')
		if !w.member(p.key, p.value) {
			return false
		}
	}
	w.out.WriteByte('}')
	return true
}

func (w *jsonWriter) member(key, value any) bool {
	w.path = append(w.path, key)
	if !w.value(value) {
		return false
	}
	w.path = w.path[:len(w.path)-1]
	return true
}

// sequence returns the values of a table whose keys are 1 to n, n > 0.
func (t *dataTable) sequence() ([]any, bool) {
	n := len(t.pairs)
	items := make([]any, n)
	for _, p := range t.pairs {
		f, ok := p.key.(float64)
		if !ok || !integral(f) || f < 1 || f > float64(n) {
			return nil, false
		}
		items[int(f)-1] = p.value
	}
	return items, n > 0
}

// numberText writes a finite number as JSON and Lua read it.
func numberText(f float64) string {
	if integral(f) {
		return strconv.FormatInt(int64(f), 10)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// DataFromJSON is the inverse of [Data.JSON]. It reads any JSON text: null
// becomes nil, and is thereby left out of tables. The error names the line and
// column.
func DataFromJSON(text []byte) (*Data, error) {
	if len(text) > maxDataBytes {
		return nil, fmt.Errorf("the text is longer than %d MiB", maxDataBytes>>20)
	}
	r := jsonReader{d: json.NewDecoder(bytes.NewReader(text))}
	r.d.UseNumber()
	v, err := r.next()
	if err == nil {
		if _, more := r.d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("there is text behind the value")
		}
	}
	if err != nil {
		offset := r.d.InputOffset()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			offset, err = int64(len(text)), errors.New("the text ends too early")
		}
		return nil, fmt.Errorf("%s: %w", source.NewFile("", string(text)).Position(int(offset)), err)
	}
	return &Data{value: v}, nil
}

type jsonReader struct {
	d      *json.Decoder
	depth  int
	values int
}

func (r *jsonReader) next() (any, error) {
	if r.values++; r.values > maxDataValues {
		return nil, fmt.Errorf("there are more than %d values", maxDataValues)
	}
	token, err := r.d.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Number:
		f, err := strconv.ParseFloat(token.String(), 64)
		if err != nil {
			return nil, fmt.Errorf("the number %s is out of range", token)
		}
		return f, nil
	case json.Delim:
		if r.depth++; r.depth > maxDataDepth {
			return nil, fmt.Errorf("it is nested deeper than %d", maxDataDepth)
		}
		defer func() { r.depth-- }()
		if token == '[' {
			return r.array()
		}
		return r.object()
	}
	return token, nil // nil, bool or string
}

func (r *jsonReader) array() (any, error) {
	t := &dataTable{}
	for i := 1; r.d.More(); i++ {
		v, err := r.next()
		if err != nil {
			return nil, err
		}
		if v != nil {
			t.pairs = append(t.pairs, dataPair{float64(i), v})
		}
	}
	_, err := r.d.Token()
	return t, err
}

func (r *jsonReader) object() (any, error) {
	t := &dataTable{}
	at := map[string]int{}
	for r.d.More() {
		key, err := r.d.Token()
		if err != nil {
			return nil, err
		}
		name, ok := key.(string)
		if !ok {
			return nil, fmt.Errorf("a key must be a string, got %v", key)
		}
		v, err := r.next()
		if err != nil {
			return nil, err
		}
		if i, twice := at[name]; twice {
			t.pairs[i].value = v
		} else {
			at[name] = len(t.pairs)
			t.pairs = append(t.pairs, dataPair{name, v})
		}
	}
	t.pairs = slices.DeleteFunc(t.pairs, func(p dataPair) bool { return p.value == nil })
	_, err := r.d.Token()
	return t, err
}
