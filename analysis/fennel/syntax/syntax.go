// Package syntax reads Fennel text into a lossless tree.
//
// Reading never fails: any bytes give a [Tree] and all the diagnostics there
// are. A tree is immutable; what later stages learn of a node stands in tables
// of their own.
package syntax

import (
	"iter"
	"slices"
	"sort"

	"quire/analysis/diag"
	"quire/analysis/source"
)

// MaxDepth is how deep forms may be nested. What is nested deeper is reported
// at the delimiter that opens it and kept as one [Error] node, so that no
// consumer of a tree needs to fear for its stack.
const MaxDepth = 200

// A Kind says what a node is.
type Kind uint8

// The kinds of nodes.
const (
	List     Kind = iota + 1 // ( … )
	Sequence                 // [ … ]
	Table                    // { … }
	Symbol                   // foo, a.b.c, a:b, $1, ...
	String                   // "…" or :keyword
	Number                   // 12, 0xff, 1e3, .inf
	Prefix                   // one of # ` , followed by the form it applies to
	Comment                  // ; to the end of the line, or a leading #!
	Error                    // text that is no form: a stray closer, a malformed number
)

// A Node is one form, comment or piece of unreadable text.
//
// Fennel has ten kinds of node and one struct holds them all; which fields
// mean something depends on the kind.
type Node struct {
	Kind Kind
	// Open reports, of the bracketed kinds and of a String, that the closing
	// delimiter is missing. The span then ends behind the last thing that
	// belongs to the node.
	Open bool
	// Raw reports that a macro left here what Lua has and no text stands for: of
	// a Sequence, a table like any other, which nothing takes for a sequence; of
	// the Symbol nil in one, no item at all.
	Raw  bool
	size uint32 // number of nodes, this one and all in it; 0: not read from a text
	// Span covers the node with its delimiters or prefix. The spans of the
	// children nest in it and do not overlap.
	Span source.Span
	// Text is, of a Symbol, the name; of a String, the value after escapes;
	// of a Number, the digits without underscores; of a Prefix, "#", "`" or
	// ","; of a Comment or an Error, the text as written.
	Text string
	// Children holds, of the bracketed kinds, what stands between the
	// delimiters, comments included; of a Prefix, the form it applies to,
	// after any comments, or nothing when there is none.
	Children []*Node
}

// A Tree is what was read of one file.
type Tree struct {
	File *source.File
	// Forms holds the top level in order, comments and Error nodes included.
	Forms []*Node
	// Diagnostics are in the order of their places.
	Diagnostics diag.List
	// Warnings says where the reader took something that it advises against,
	// such as two forms without white space between them.
	Warnings diag.List
}

// Forms iterates over the children of a node that are forms: neither comments
// nor unreadable text.
func (n *Node) Forms() iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		for _, c := range n.Children {
			if c.Kind != Comment && c.Kind != Error && !yield(c) {
				return
			}
		}
	}
}

// IsHole reports whether a macro left nothing in the place of an item.
func (n *Node) IsHole() bool { return n.Raw && n.Kind == Symbol }

// Unprefixed returns the list that a Prefix stands for, such as (hashfn x) for #x.
// The head of the list has the place of the prefix.
func (n *Node) Unprefixed() *Node {
	head := &Node{Kind: Symbol, Span: n.Span, Text: prefixes[n.Text]}
	head.Span.End = head.Span.Start + len(n.Text)
	return &Node{Kind: List, Span: n.Span, Children: append([]*Node{head}, n.Items()...)}
}

var prefixes = map[string]string{"#": "hashfn", "`": "quote", ",": "unquote"}

// Items returns what Forms iterates over. The slice must not be changed: it may
// be that of the children.
func (n *Node) Items() []*Node {
	for _, c := range n.Children {
		if c.Kind == Comment || c.Kind == Error {
			return slices.Collect(n.Forms())
		}
	}
	return n.Children
}

// Size returns how many nodes All yields.
func (n *Node) Size() int {
	if n.size > 0 {
		return int(n.size)
	}
	size := 1
	for _, c := range n.Children {
		size += c.Size()
	}
	return size
}

// All iterates over the node and everything in it, parents before children,
// in the order of the text.
func (n *Node) All() iter.Seq[*Node] {
	return func(yield func(*Node) bool) { n.walk(yield) }
}

func (n *Node) walk(yield func(*Node) bool) bool {
	if !yield(n) {
		return false
	}
	for _, c := range n.Children {
		if !c.walk(yield) {
			return false
		}
	}
	return true
}

// Path returns the nodes whose spans touch offset, outermost first. Where two
// neighbours touch it, the one that starts there is taken.
func (t *Tree) Path(offset int) []*Node {
	var path []*Node
	for nodes := t.Forms; ; {
		// Of neighbours that touch it, the last that starts no later.
		i := sort.Search(len(nodes), func(i int) bool { return nodes[i].Span.Start > offset }) - 1
		if i < 0 || !nodes[i].Span.Touches(offset) {
			return path
		}
		hit := nodes[i]
		path, nodes = append(path, hit), hit.Children
	}
}
