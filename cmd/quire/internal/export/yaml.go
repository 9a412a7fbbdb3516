package export

import (
	"bytes"

	"go.yaml.in/yaml/v3"
)

// A mapping is a mapping of YAML whose order is kept.
type mapping []field

type field struct {
	key   string
	value any
}

// MarshalYAML implements [yaml.Marshaler].
func (m mapping) MarshalYAML() (any, error) {
	out := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range m {
		var key, value yaml.Node
		if err := key.Encode(f.key); err != nil {
			return nil, err
		}
		if err := value.Encode(f.value); err != nil {
			return nil, err
		}
		out.Content = append(out.Content, &key, &value)
	}
	return out, nil
}

// add appends a field.
func (m *mapping) add(key string, value any) { *m = append(*m, field{key, value}) }

// document returns a document of YAML below a comment.
func document(comment string, m mapping) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(comment)
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(m); err != nil {
		return nil, err
	}
	return b.Bytes(), enc.Close()
}
