package page

import (
	"fmt"
	"html/template"
	"regexp"
	"strconv"
	"strings"

	"quire/cmd/quire/internal/terminal"
)

// sgr matches the sequences that set colours, the only ones that
// [terminal.Screen.Output] lets pass.
var sgr = regexp.MustCompile("\x1b\\[([0-9;:]*)m")

// writeLine writes one line of output: what a terminal would show of it, with
// its colours.
func writeLine(b *strings.Builder, line string, bad bool) {
	line = terminal.Screen{Color: true, Unicode: true}.Output(line)
	if bad {
		b.WriteString(`<span class="err">`)
	}
	var p pen
	for line != "" {
		at := sgr.FindStringSubmatchIndex(line)
		if at == nil {
			p.write(b, line)
			break
		}
		p.write(b, line[:at[0]])
		p.obey(line[at[2]:at[3]])
		line = line[at[1]:]
	}
	if bad {
		b.WriteString("</span>")
	}
	b.WriteByte('\n')
}

// A pen is what SGR sequences have set. Colours are CSS: a class of the palette
// or a value.
type pen struct {
	bold, dim, italic, underline, strike, reverse bool
	fore, back                                    string
}

// write writes text as the pen draws it.
func (p *pen) write(b *strings.Builder, text string) {
	if text == "" {
		return
	}
	if *p == (pen{}) {
		template.HTMLEscape(b, []byte(text))
		return
	}
	var classes, style []string
	for _, attribute := range []struct {
		on    bool
		class string
	}{{p.bold, "b"}, {p.dim, "d"}, {p.italic, "i"}, {p.underline, "u"}, {p.strike, "s"}, {p.reverse, "r"}} {
		if attribute.on {
			classes = append(classes, attribute.class)
		}
	}
	color := func(class, property, value string) {
		switch {
		case value == "":
		case value[0] == '#':
			style = append(style, property+":"+value)
		default:
			classes = append(classes, class+value)
		}
	}
	color("f", "color", p.fore)
	color("g", "background", p.back)
	fmt.Fprintf(b, `<span class="%s"`, strings.Join(classes, " "))
	if len(style) > 0 {
		fmt.Fprintf(b, ` style="%s"`, strings.Join(style, ";"))
	}
	b.WriteByte('>')
	template.HTMLEscape(b, []byte(text))
	b.WriteString("</span>")
}

// obey takes over the parameters of a sequence. What it does not know changes
// nothing.
func (p *pen) obey(parameters string) {
	fields := strings.FieldsFunc(parameters, func(r rune) bool { return r == ';' || r == ':' })
	if len(fields) == 0 {
		*p = pen{}
	}
	for i := 0; i < len(fields); i++ {
		n, err := strconv.Atoi(fields[i])
		if err != nil {
			continue
		}
		switch {
		case n == 38 || n == 48:
			color, used := extended(fields[i+1:])
			i += used
			if n == 38 {
				p.fore = color
			} else {
				p.back = color
			}
		default:
			p.set(n)
		}
	}
}

func (p *pen) set(n int) {
	switch {
	case n == 0:
		*p = pen{}
	case n == 1:
		p.bold = true
	case n == 2:
		p.dim = true
	case n == 3:
		p.italic = true
	case n == 4:
		p.underline = true
	case n == 7:
		p.reverse = true
	case n == 9:
		p.strike = true
	case n == 22:
		p.bold, p.dim = false, false
	case n == 23:
		p.italic = false
	case n == 24:
		p.underline = false
	case n == 27:
		p.reverse = false
	case n == 29:
		p.strike = false
	case 30 <= n && n <= 37:
		p.fore = strconv.Itoa(n - 30)
	case n == 39:
		p.fore = ""
	case 40 <= n && n <= 47:
		p.back = strconv.Itoa(n - 40)
	case n == 49:
		p.back = ""
	case 90 <= n && n <= 97:
		p.fore = strconv.Itoa(n - 90 + 8)
	case 100 <= n && n <= 107:
		p.back = strconv.Itoa(n - 100 + 8)
	}
}

// extended returns the colour of the parameters behind 38 or 48, and how many
// they are: 5 and a number of the palette, or 2 and red, green and blue.
func extended(fields []string) (color string, used int) {
	number := func(i int) (int, bool) {
		if i >= len(fields) {
			return 0, false
		}
		n, err := strconv.Atoi(fields[i])
		return n, err == nil && 0 <= n && n <= 255
	}
	kind, _ := number(0)
	switch kind {
	case 5:
		if n, ok := number(1); ok {
			return indexed(n), 2
		}
		return "", min(2, len(fields))
	case 2:
		r, ok1 := number(1)
		g, ok2 := number(2)
		b, ok3 := number(3)
		if ok1 && ok2 && ok3 {
			return fmt.Sprintf("#%02x%02x%02x", r, g, b), 4
		}
		return "", min(4, len(fields))
	}
	return "", 0
}

// indexed returns a colour of the palette of 256: the 16 of the page, a cube of
// six steps a side, and greys.
func indexed(n int) string {
	switch {
	case n < 16:
		return strconv.Itoa(n)
	case n >= 232:
		grey := 8 + 10*(n-232)
		return fmt.Sprintf("#%02x%02x%02x", grey, grey, grey)
	}
	step := func(i int) int {
		if i == 0 {
			return 0
		}
		return 55 + 40*i
	}
	n -= 16
	return fmt.Sprintf("#%02x%02x%02x", step(n/36), step(n/6%6), step(n%6))
}
