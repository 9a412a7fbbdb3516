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
func (l *layout) order() {
	l.walk()
	position := make([]int, len(l.vertices))
	l.number(position)
	best, fewest := l.copyLayers(), l.crossings(position)
	for sweep, idle := 0, 0; sweep < maxSweeps && idle < 4 && fewest > 0; sweep++ {
		for k := range l.layers {
			if sweep%2 == 0 {
				l.sortLayer(k, position, l.fromLeft)
			} else {
				l.sortLayer(len(l.layers)-1-k, position, l.fromRight)
			}
		}
		l.exchange(position)
		idle++
		if c := l.crossings(position); c < fewest {
			best, fewest, idle = l.copyLayers(), c, 0
		}
	}
	l.layers = best
}

// walk orders the layers as a depth-first walk comes by.
func (l *layout) walk() {
	for k := range l.layers {
		l.layers[k] = l.layers[k][:0]
	}
	seen := make([]bool, len(l.vertices))
	var todo []int
	for start := range l.vertices {
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
			l.layers[v.layer] = append(l.layers[v.layer], i)
			for _, n := range slices.Backward(v.right) {
				todo = append(todo, l.links[n].to)
			}
		}
	}
}

func (l *layout) number(position []int) {
	for _, layer := range l.layers {
		for p, i := range layer {
			position[i] = p
		}
	}
}

func (l *layout) copyLayers() [][]int {
	layers := make([][]int, len(l.layers))
	for k := range l.layers {
		layers[k] = slices.Clone(l.layers[k])
	}
	return layers
}

// fromLeft and fromRight return the neighbours of a vertex on one side.
func (l *layout) fromLeft(i int, neighbours []int) []int {
	for _, n := range l.vertices[i].left {
		neighbours = append(neighbours, l.links[n].from)
	}
	return neighbours
}

func (l *layout) fromRight(i int, neighbours []int) []int {
	for _, n := range l.vertices[i].right {
		neighbours = append(neighbours, l.links[n].to)
	}
	return neighbours
}

// sortLayer sorts a layer by the mean position of the neighbours on a side. A
// vertex without any keeps to where it is.
func (l *layout) sortLayer(k int, position []int, side func(int, []int) []int) {
	layer := l.layers[k]
	mean := make(map[int]float64, len(layer))
	var neighbours []int
	for _, i := range layer {
		neighbours = side(i, neighbours[:0])
		if len(neighbours) == 0 {
			mean[i] = float64(position[i])
			continue
		}
		sum := 0
		for _, n := range neighbours {
			sum += position[n]
		}
		mean[i] = float64(sum) / float64(len(neighbours))
	}
	slices.SortStableFunc(layer, func(a, b int) int { return cmp.Compare(mean[a], mean[b]) })
	for p, i := range layer {
		position[i] = p
	}
}

// maxExchanged bounds the size of a layer in which neighbours are exchanged,
// and of the vertices that are.
const maxExchanged = 200

// exchange swaps neighbours in a layer where that avoids crossings.
func (l *layout) exchange(position []int) {
	for _, layer := range l.layers {
		if len(layer) > maxExchanged {
			continue
		}
		for p := range len(layer) - 1 {
			a, b := layer[p], layer[p+1]
			if l.between(a, b, position) > l.between(b, a, position) {
				layer[p], layer[p+1] = b, a
				position[a], position[b] = p+1, p
			}
		}
	}
}

// between returns how many links of a and b cross when a stands above b.
func (l *layout) between(a, b int, position []int) int {
	crossings := 0
	for _, side := range []func(int, []int) []int{l.fromLeft, l.fromRight} {
		of, against := side(a, nil), side(b, nil)
		if len(of)*len(against) > maxExchanged {
			continue
		}
		for _, x := range of {
			for _, y := range against {
				if position[x] > position[y] {
					crossings++
				}
			}
		}
	}
	return crossings
}

// crossings counts the pairs of links that cross.
func (l *layout) crossings(position []int) int {
	total := 0
	for k := range len(l.layers) - 1 {
		var ends []int
		var links []link
		for _, i := range l.layers[k] {
			links = links[:0]
			for _, n := range l.vertices[i].right {
				links = append(links, l.links[n])
			}
			slices.SortFunc(links, func(a, b link) int { return cmp.Compare(position[a.to], position[b.to]) })
			for _, n := range links {
				ends = append(ends, position[n.to])
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
