package drawing

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"quire/analysis/diag"
)

// The type of a picture: a fixed-width one, so that how wide a label is does
// not depend on which font there is. The widths are those of the widest usual
// font, in pixels a column.
const (
	labelWidth = 8.0 // at 13 pixels
	noteWidth  = 6.8 // at 11 pixels
	maxLabel   = 30  // columns
	backShift  = 9.0 // how much lower than others an edge that closes a cycle ends
	arrow      = 7.0
)

// style is the look of a picture, by day and by night.
const style = `
svg{background:#fff}
text{font:500 13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace;fill:#1f2328}
.note{font-size:11px;font-weight:400}
.ground{fill:#fff}
.job rect{fill:#f6f8fa;stroke:#d0d7de}
.source rect{fill:#ddf4ff;stroke:#54aeff}
.source text{fill:#0550ae}
.unknown rect{fill:none;stroke:#8c959f;stroke-dasharray:4 3}
.unknown text{fill:#59636e}
.warning rect{fill:#fff8c5;stroke:#d4a72c}
.warning .note{fill:#7d4e00}
.error rect{fill:#ffebe9;stroke:#ff8182}
.error .note{fill:#a40e26}
.started{fill:#54aeff}
.edge{fill:none;stroke:#afb8c1;stroke-width:1.5}
.head{fill:#8c959f}
.from-source{stroke:#80ccff}
.far{stroke-opacity:.35}
.back{stroke:#cf222e;stroke-dasharray:5 4}
.back-head{fill:#cf222e}
@media (prefers-color-scheme:dark){
svg{background:#0d1117}
text{fill:#e6edf3}
.ground{fill:#0d1117}
.job rect{fill:#161b22;stroke:#3d444d}
.source rect{fill:#0c2d6b;stroke:#1f6feb}
.source text{fill:#a5d6ff}
.unknown rect{fill:none;stroke:#656c76}
.unknown text{fill:#9198a1}
.warning rect{fill:#341a00;stroke:#9e6a03}
.warning .note{fill:#f2cc60}
.error rect{fill:#3c1618;stroke:#da3633}
.error .note{fill:#ffa198}
.started{fill:#1f6feb}
.edge{stroke:#484f58}
.head{fill:#6e7681}
.from-source{stroke:#1f4a8a}
.back{stroke:#f85149}
.back-head{fill:#f85149}
}
`

// SVG returns the drawing as a picture that needs no program but a browser. It
// follows the reader's choice of a light or a dark page.
func (d *Drawing) SVG() string {
	p := painter{layout: newLayout(d)}
	for i := range p.vertices {
		v := &p.vertices[i]
		v.height = bendHeight
		if v.node >= 0 {
			v.height = boxHeight
			if note := p.note(v.node); note != "" {
				v.height += noteHeight
			}
		}
	}
	p.place()
	p.cols = p.columns(p.width)
	return p.paint()
}

// A painter writes a picture whose layout is done.
type painter struct {
	*layout
	cols []column
	out  strings.Builder
}

// note is the second line of a box: what is wrong with the job.
func (p *painter) note(node int) string {
	n := &p.Nodes[node]
	if n.Kind == Unknown {
		return "no such job"
	}
	if n.Note != "" {
		return n.Note
	}
	var parts []string
	for _, f := range n.faults() {
		parts = append(parts, f.text)
	}
	return strings.Join(parts, ", ")
}

func (p *painter) width(node int) float64 {
	label := elide(visible(p.Nodes[node].Name), maxLabel)
	text := max(float64(columns(label))*labelWidth, float64(columns(p.note(node)))*noteWidth)
	return math.Ceil(text) + 2*padding
}

func (p *painter) paint() string {
	width, height := 2*margin, 2*margin
	if len(p.cols) > 0 {
		width = p.cols[len(p.cols)-1].right + margin
	}
	for i := range p.vertices {
		v := &p.vertices[i]
		height = max(height, v.y+v.height/2+margin)
	}
	fmt.Fprintf(&p.out, `<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%[2]s" viewBox="0 0 %[1]s %[2]s" role="img">`,
		number(width), number(height))
	fmt.Fprintf(&p.out, "\n<title>%s</title>\n<style>%s</style>\n", escapeXML(p.title()), p.style())
	fmt.Fprintf(&p.out, `<rect class="ground" width="%s" height="%s"/>`+"\n", number(width), number(height))
	p.farEdges()
	for node := range p.Nodes {
		p.edges(node, false)
		p.edges(node, true)
	}
	for node := range p.Nodes {
		p.box(node)
	}
	p.out.WriteString("</svg>\n")
	return p.out.String()
}

func (p *painter) title() string {
	jobs := 0
	for _, n := range p.Nodes {
		if n.Kind == Job {
			jobs++
		}
	}
	if jobs == 1 {
		return "1 job"
	}
	return fmt.Sprintf("%d jobs", jobs)
}

// edges draws the edges that leave a node to the right, as one path: in
// columns they run straight, and between columns they bend.
func (p *painter) edges(node int, back bool) {
	var path, heads strings.Builder
	todo := []int{node}
	for len(todo) > 0 {
		i := todo[0]
		todo = todo[1:]
		v := &p.vertices[i]
		for _, n := range v.right {
			to := p.links[n].to
			if p.links[n].back != back {
				continue
			}
			p.curve(&path, i, to, back)
			if p.vertices[to].node < 0 {
				todo = append(todo, to)
			} else if !back {
				head(&heads, p.cols[p.vertices[to].layer].left, p.vertices[to].y, 1)
			}
		}
	}
	if back && p.needsItself(node) {
		p.loop(&path, node)
	}
	if path.Len() == 0 {
		return
	}
	class, headClass := "edge", "head"
	switch {
	case back:
		class, headClass = "edge back", "back-head"
		head(&heads, p.cols[p.vertices[node].layer].right, p.vertices[node].y+backShift, -1)
	case p.Nodes[node].Kind == Source:
		class = "edge from-source"
	}
	fmt.Fprintf(&p.out, `<path class="%s" d="%s"/><path class="%s" d="%s"/>`+"\n", class, path.String(), headClass, heads.String())
}

func (p *painter) needsItself(node int) bool {
	for _, e := range p.Edges {
		if e.From == node && e.To == node {
			return true
		}
	}
	return false
}

// curve draws one link, and through the column where it ends in a bend.
func (p *painter) curve(path *strings.Builder, from, to int, back bool) {
	u, v := &p.vertices[from], &p.vertices[to]
	x1, x2 := p.cols[u.layer].right, p.cols[v.layer].left
	y1, y2 := u.y, v.y
	if back && u.node >= 0 {
		y1 += backShift
		x1 += arrow - 1
	}
	if v.node >= 0 {
		if back {
			y2 += backShift
		} else {
			x2 -= arrow - 1
		}
	}
	fmt.Fprintf(path, "M%s %s", number(x1), number(y1))
	if math.Abs(y1-y2) < 0.5 {
		fmt.Fprintf(path, "H%s", number(x2))
	} else {
		middle := (x1 + x2) / 2
		fmt.Fprintf(path, "C%s %s %[1]s %[3]s %[4]s %[3]s", number(middle), number(y1), number(y2), number(x2))
	}
	if c := p.cols[v.layer]; v.node < 0 && c.right > c.left {
		fmt.Fprintf(path, "H%s", number(c.right))
	}
}

// loop draws the edge of a job that needs itself.
func (p *painter) loop(path *strings.Builder, node int) {
	v := &p.vertices[node]
	x := p.cols[v.layer].right
	fmt.Fprintf(path, "M%s %sc22 0 22 %[3]s %[4]s %[3]s", number(x), number(v.y-backShift), number(2*backShift), number(arrow-1))
}

func head(heads *strings.Builder, x, y, direction float64) {
	back := number(-arrow * direction)
	fmt.Fprintf(heads, "M%s %sl%s -4v8z", number(x), number(y), back)
}

// farEdges draws the edges that are not led around anything.
func (p *painter) farEdges() {
	for _, e := range p.far {
		u, v := &p.vertices[e.From], &p.vertices[e.To]
		class := "edge far"
		if e.Back {
			class = "edge far back"
		}
		fmt.Fprintf(&p.out, `<path class="%s" d="M%s %sL%s %s"/>`+"\n", class,
			number(p.cols[u.layer].right), number(u.y), number(p.cols[v.layer].left), number(v.y))
	}
}

func (p *painter) box(node int) {
	n, v := &p.Nodes[node], &p.vertices[node]
	c := p.cols[v.layer]
	top := v.y - v.height/2
	radius := 8.0
	if n.Kind == Source {
		c.left, radius = c.right-p.width(node), v.height/2
	}
	if n.Link != "" {
		fmt.Fprintf(&p.out, `<a href="%s">`, escapeXML(n.Link))
	}
	fmt.Fprintf(&p.out, `<g class="%s"><title>%s</title><rect x="%s" y="%s" width="%s" height="%s" rx="%s"/>`,
		p.class(node), escapeXML(p.about(node)), number(c.left), number(top), number(c.right-c.left), number(v.height), number(radius))
	p.text("", c, top+boxHeight/2+4.5, elide(visible(n.Name), maxLabel), labelWidth)
	if note := p.note(node); note != "" {
		p.text("note", c, top+boxHeight+3.5, note, noteWidth)
	}
	if p.started[node] {
		fmt.Fprintf(&p.out, `<circle class="started" cx="%s" cy="%s" r="3.5"/>`, number(c.left), number(top+7))
	}
	p.out.WriteString("</g>")
	if n.Link != "" {
		p.out.WriteString("</a>")
	}
	p.out.WriteByte('\n')
}

// text writes a line in the middle of a column. The width of characters that
// other fonts have to lend is not known, so it is set.
func (p *painter) text(class string, c column, y float64, text string, width float64) {
	attributes := ""
	if class != "" {
		attributes = fmt.Sprintf(` class="%s"`, class)
	}
	if !plain(text) {
		attributes += fmt.Sprintf(` textLength="%s" lengthAdjust="spacingAndGlyphs"`, number(float64(columns(text))*width))
	}
	fmt.Fprintf(&p.out, `<text x="%s" y="%s" text-anchor="middle"%s>%s</text>`,
		number((c.left+c.right)/2), number(y), attributes, escapeXML(text))
}

func (p *painter) class(node int) string {
	n := &p.Nodes[node]
	switch n.Severity() {
	case diag.Error:
		return n.Kind.String() + " error"
	case diag.Warning:
		return n.Kind.String() + " warning"
	}
	if n.Mark != "" {
		return n.Kind.String() + " " + string(n.Mark)
	}
	return n.Kind.String()
}

// maxFindings bounds how many diagnostics a tooltip shows.
const maxFindings = 5

// about is the tooltip of a node.
func (p *painter) about(node int) string {
	n := &p.Nodes[node]
	lines := []string{visible(n.Name)}
	if n.Mark != "" {
		lines = append(lines, string(n.Mark))
	}
	if n.Place.File != nil {
		lines = append(lines, visible(n.Place.String()))
	}
	if n.Kind == Unknown {
		lines = append(lines, "no job or source has this name")
	}
	if p.started[node] {
		lines = append(lines, "also lists a source that starts what it needs")
	}
	if n.Cyclic {
		lines = append(lines, "error: in a cycle")
	}
	if n.Unreachable {
		lines = append(lines, "error: never started")
	}
	for k, d := range n.Findings {
		if k == maxFindings {
			lines = append(lines, fmt.Sprintf("and %d more", len(n.Findings)-k))
			break
		}
		lines = append(lines, fmt.Sprintf("%s: %s", d.Severity(), visible(d.Message)))
	}
	return strings.Join(lines, "\n")
}

var xmlEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

func escapeXML(text string) string { return xmlEscapes.Replace(text) }

// number writes a length with at most one digit behind the point.
func number(x float64) string {
	return strconv.FormatFloat(math.Round(x*10)/10+0, 'f', -1, 64)
}
