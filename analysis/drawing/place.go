package drawing

import "math"

// The measures of a picture, in pixels.
const (
	margin     = 24.0
	padding    = 14.0 // between the side of a box and its label
	boxHeight  = 34.0
	noteHeight = 15.0 // a second line in a box
	rowGap     = 16.0 // between boxes
	partGap    = 26.0 // between parts
	bendHeight = 2.0
	bendGap    = 10.0 // between lines, and from a line to a box
	minColGap  = 52.0
	maxColGap  = 200.0
)

// placeSweeps is how often the layers are placed anew by their neighbours.
const placeSweeps = 16

// The pull of a link on its ends. Long edges are to be straight, and so are
// long chains of jobs, whatever hangs on them.
const (
	pullEnd     = 1
	pullBend    = 3
	pullThrough = 24
	pullBends   = 12
)

// place gives every vertex its height in the picture.
func (l *layout) place() {
	bottom := margin - partGap
	for k := range l.parts {
		p := &l.parts[k]
		p.place()
		top, low := math.Inf(1), 0.0
		for _, i := range p.members {
			top = min(top, l.vertices[i].y-l.vertices[i].height/2)
		}
		for _, i := range p.members {
			v := &l.vertices[i]
			v.y = math.Round(v.y + bottom + partGap - top)
			low = max(low, v.y+v.height/2)
		}
		bottom = low
	}
}

// place puts every vertex as near to its neighbours as the order of the layers
// and the gaps between boxes allow.
func (l *part) place() {
	for _, layer := range l.layers {
		y := 0.0
		for p, i := range layer {
			if p > 0 {
				y += l.apart(layer[p-1], i)
			}
			l.vertices[i].y = y
		}
	}
	for range placeSweeps {
		for k := range l.layers {
			l.placeLayer(k, true, false)
		}
		for k := range l.layers {
			l.placeLayer(len(l.layers)-1-k, false, true)
		}
	}
	for k := range l.layers {
		l.placeLayer(k, true, true)
	}
	l.straighten()
}

// maxStraightened bounds how far a bend is moved only to avoid a small wave.
const maxStraightened = 30.0

// straighten puts bends level with what their line comes from, where there is
// room for that.
func (l *part) straighten() {
	for _, layer := range l.layers {
		for p, i := range layer {
			v := &l.vertices[i]
			if v.node >= 0 {
				continue
			}
			y := l.vertices[l.links[v.left[0]].from].y
			if math.Abs(y-v.y) > maxStraightened ||
				p > 0 && y < l.vertices[layer[p-1]].y+l.apart(layer[p-1], i) ||
				p < len(layer)-1 && y > l.vertices[layer[p+1]].y-l.apart(i, layer[p+1]) {
				continue
			}
			v.y = y
		}
	}
}

// apart returns the distance that two neighbours in a layer keep between their
// middles.
func (l *layout) apart(a, b int) float64 {
	u, v := &l.vertices[a], &l.vertices[b]
	gap := rowGap
	if u.node < 0 || v.node < 0 {
		gap = bendGap
	}
	return (u.height+v.height)/2 + gap
}

// placeLayer moves the vertices of a layer to the mean of their neighbours on
// one side or on both.
func (l *part) placeLayer(k int, left, right bool) {
	layer := l.layers[k]
	wanted, weight := make([]float64, len(layer)), make([]float64, len(layer))
	offset := 0.0
	offsets := make([]float64, len(layer))
	for p, i := range layer {
		v := &l.vertices[i]
		sum, pulls := 0.0, 0.0
		if left {
			for _, n := range v.left {
				pull := l.pull(l.links[n])
				sum, pulls = sum+pull*l.vertices[l.links[n].from].y, pulls+pull
			}
		}
		if right {
			for _, n := range v.right {
				pull := l.pull(l.links[n])
				sum, pulls = sum+pull*l.vertices[l.links[n].to].y, pulls+pull
			}
		}
		if pulls == 0 {
			sum, pulls = v.y*0.1, 0.1
		}
		if p > 0 {
			offset += l.apart(layer[p-1], i)
		}
		offsets[p] = offset
		wanted[p], weight[p] = sum/pulls-offset, pulls
	}
	for p, y := range ascending(wanted, weight) {
		l.vertices[layer[p]].y = y + offsets[p]
	}
}

func (l *layout) pull(n link) float64 {
	u, v := &l.vertices[n.from], &l.vertices[n.to]
	switch {
	case u.node < 0 && v.node < 0:
		return pullBends
	case u.node < 0 || v.node < 0:
		return pullBend
	case len(u.left) > 0 && len(v.right) > 0:
		return pullThrough
	}
	return pullEnd
}

// ascending returns the numbers that never fall and differ least, by weighted
// squares, from those wanted: it pools neighbours that fall to their mean.
func ascending(wanted, weight []float64) []float64 {
	type pool struct {
		mean, weight float64
		count        int
	}
	var pools []pool
	for i := range wanted {
		p := pool{wanted[i], weight[i], 1}
		for len(pools) > 0 && pools[len(pools)-1].mean > p.mean {
			last := pools[len(pools)-1]
			pools = pools[:len(pools)-1]
			sum := last.weight + p.weight
			p = pool{(last.mean*last.weight + p.mean*p.weight) / sum, sum, last.count + p.count}
		}
		pools = append(pools, p)
	}
	out := wanted[:0]
	for _, p := range pools {
		for range p.count {
			out = append(out, p.mean)
		}
	}
	return out
}

// A column is where a layer stands in a picture.
type column struct{ left, right float64 }

// columns returns the columns of the layers, each as wide as its widest box,
// with gaps that are wider where links are steep.
func (l *layout) columns(width func(node int) float64) []column {
	var widest, steepest []float64
	for i := range l.vertices {
		v := &l.vertices[i]
		for len(widest) <= v.layer {
			widest, steepest = append(widest, 0), append(steepest, 0)
		}
		if v.node >= 0 {
			widest[v.layer] = max(widest[v.layer], width(v.node))
		}
		for _, n := range v.right {
			steepest[v.layer] = max(steepest[v.layer], math.Abs(l.vertices[l.links[n].to].y-v.y))
		}
	}
	out := make([]column, len(widest))
	x := margin
	for k := range out {
		out[k] = column{x, x + widest[k]}
		x += widest[k] + math.Round(min(minColGap+steepest[k]/6, maxColGap))
	}
	return out
}
