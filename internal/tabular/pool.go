package tabular

import "math"

// pool is a weighted mean, feature by feature, of what the slices or stacks of
// a view give; one that is not defined for a piece is averaged over the others.
type pool struct {
	names  []string
	at     map[string]int
	mean   []float64
	weight []float64
}

func (p *pool) add(name string, x, weight float64) {
	if p.at == nil {
		p.at = map[string]int{}
	}
	i, there := p.at[name]
	if !there {
		i = len(p.names)
		p.at[name] = i
		p.names = append(p.names, name)
		p.mean, p.weight = append(p.mean, math.NaN()), append(p.weight, 0)
	}
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return
	}
	if p.weight[i] == 0 {
		p.mean[i], p.weight[i] = x, weight // one piece keeps its number to the last bit
		return
	}
	p.weight[i] += weight
	p.mean[i] += (x - p.mean[i]) * (weight / p.weight[i])
}

// into adds the means to a row, in the order in which the names first came.
func (p *pool) into(row *viewRow) {
	for i, n := range p.names {
		row.add(n, p.mean[i])
	}
}
