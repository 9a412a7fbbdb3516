package drawing

import (
	"cmp"
	"slices"
)

// maxSweeps bounds how often the order of all layers is improved.
const maxSweeps = 24

// order puts the vertices of each layer into an order in which few links
// cross. From the order of a walk through the graph, layers are sorted by the
// mean position of their neighbours on one side, once from left to right and
// once from right to left, and the best order seen is kept.
func (l *part) order() {
	l.walk()
	l.number()
	best, fewest := l.copyLayers(), l.crossings()
	for sweep, idle := 0, 0; sweep < maxSweeps && idle < 4 && fewest > 0; sweep++ {
		for k := range l.layers {
			if sweep%2 == 0 {
				l.sortLayer(k, l.fromLeft)
			} else {
				l.sortLayer(len(l.layers)-1-k, l.fromRight)
			}
		}
		l.exchange()
		idle++
		if c := l.crossings(); c < fewest {
			best, fewest, idle = l.copyLayers(), c, 0
		}
	}
	l.layers = best
}

// walk orders the layers as a depth-first walk comes by.
func (l *part) walk() {
	seen := map[int]bool{}
	var todo []int
	for _, start := range l.members {
		if len(l.vertices[start].left) > 0 {
			continue
		}
		todo = append(todo, start)
		for len(todo) > 0 {
			i := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			if seen[i] {
				continue
			}
			seen[i] = true
			v := &l.vertices[i]
			l.layers[v.layer-l.first] = append(l.layers[v.layer-l.first], i)
			for _, n := range slices.Backward(v.right) {
				todo = append(todo, l.links[n].to)
			}
		}
	}
}

func (l *part) number() {
	for _, layer := range l.layers {
		for p, i := range layer {
			l.vertices[i].position = p
		}
	}
}

func (l *part) copyLayers() [][]int {
	layers := make([][]int, len(l.layers))
	for k := range l.layers {
		layers[k] = slices.Clone(l.layers[k])
	}
	return layers
}

// sortLayer sorts a layer by the mean position of the neighbours on a side. A
// vertex without any keeps to where it is.
func (l *part) sortLayer(k int, side func(int, []int) []int) {
	layer := l.layers[k]
	mean := make(map[int]float64, len(layer))
	var neighbours []int
	for _, i := range layer {
		neighbours = side(i, neighbours[:0])
		if len(neighbours) == 0 {
			mean[i] = float64(l.vertices[i].position)
			continue
		}
		sum := 0
		for _, n := range neighbours {
			sum += l.vertices[n].position
		}
		mean[i] = float64(sum) / float64(len(neighbours))
	}
	slices.SortStableFunc(layer, func(a, b int) int { return cmp.Compare(mean[a], mean[b]) })
	for p, i := range layer {
		l.vertices[i].position = p
	}
}

// maxExchanged bounds the size of a layer in which neighbours are exchanged,
// and of the vertices that are.
const maxExchanged = 200

// exchange swaps neighbours in a layer where that avoids crossings.
func (l *part) exchange() {
	for _, layer := range l.layers {
		if len(layer) > maxExchanged {
			continue
		}
		for p := range len(layer) - 1 {
			a, b := layer[p], layer[p+1]
			if l.between(a, b) > l.between(b, a) {
				layer[p], layer[p+1] = b, a
				l.vertices[a].position, l.vertices[b].position = p+1, p
			}
		}
	}
}

// between returns how many links of a and b cross when a stands above b.
func (l *part) between(a, b int) int {
	crossings := 0
	for _, side := range []func(int, []int) []int{l.fromLeft, l.fromRight} {
		of, against := side(a, nil), side(b, nil)
		if len(of)*len(against) > maxExchanged {
			continue
		}
		for _, x := range of {
			for _, y := range against {
				if l.vertices[x].position > l.vertices[y].position {
					crossings++
				}
			}
		}
	}
	return crossings
}

// crossings counts the pairs of links that cross.
func (l *part) crossings() int {
	total := 0
	for k := range len(l.layers) - 1 {
		var ends []int
		var links []link
		for _, i := range l.layers[k] {
			links = links[:0]
			for _, n := range l.vertices[i].right {
				links = append(links, l.links[n])
			}
			slices.SortFunc(links, func(a, b link) int { return cmp.Compare(l.vertices[a.to].position, l.vertices[b.to].position) })
			for _, n := range links {
				ends = append(ends, l.vertices[n.to].position)
			}
		}
		total += inversions(ends, len(l.layers[k+1]))
	}
	return total
}

// inversions counts the pairs of numbers, all below n, of which the larger
// comes first. It keeps the counts of the numbers seen in a binary indexed
// tree.
func inversions(numbers []int, n int) int {
	tree := make([]int, n+1)
	total := 0
	for seen, x := range numbers {
		notLarger := 0
		for i := x + 1; i > 0; i -= i & -i {
			notLarger += tree[i]
		}
		total += seen - notLarger
		for i := x + 1; i <= n; i += i & -i {
			tree[i]++
		}
	}
	return total
}
