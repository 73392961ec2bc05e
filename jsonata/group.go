package jsonata

// bucket collects the items for which a key came out the same.
type bucket struct {
	key    string
	pair   int
	data   any
	tuples []*tuple
}

// groupBy builds an object: each pair's key is evaluated for each item, and then each pair's value once for all
// the items that share a key.
func (e *evaluation) groupBy(g *group, v any, env *frame) (any, error) {
	if stream, ok := v.(*tupleStream); ok {
		return e.groupTuples(g, stream, env)
	}
	items, ok := asItems(v)
	switch {
	case !ok:
		return e.groupOne(g, v, env)
	case len(items) == 1:
		return e.groupOne(g, items[0], env)
	case len(items) == 0: // a literal object is made even of nothing
		return e.groupOne(g, Undefined{}, env)
	}
	var buckets buckets
	for _, item := range items {
		for i, p := range g.pairs {
			key, ok, err := e.groupKey(g, p.key, item, env)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
			b, fresh, err := buckets.at(g, key, i)
			if err != nil {
				return nil, err
			}
			if fresh {
				b.data = item
			} else {
				b.add(item)
			}
		}
	}
	out := NewObject(len(buckets.list))
	for _, b := range buckets.list {
		if err := e.setField(out, b.key, g.pairs[b.pair].value, b.data, env); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// add appends an item to the bucket's data; an array among the items is flattened.
func (b *bucket) add(item any) {
	if l, ok := b.data.(*bucketItems); ok {
		b.data = l.append(item)
		return
	}
	first := &bucketItems{}
	first.append(b.data)
	b.data = first.append(item)
}

// bucketItems is an array under construction, which grows in place.
type bucketItems struct{ items []any }

func (l *bucketItems) append(v any) *bucketItems {
	if inner, ok := asItems(v); ok {
		l.items = append(l.items, inner...)
	} else if !isUndefined(v) {
		l.items = append(l.items, v)
	}
	return l
}

type buckets struct {
	list  []*bucket
	index map[string]*bucket
}

// at finds or makes the bucket of a key. Two pairs of one constructor may not share a key.
func (bs *buckets) at(g *group, key string, pair int) (*bucket, bool, error) {
	b := bs.index[key]
	if b == nil {
		if bs.index == nil {
			bs.index = map[string]*bucket{}
		}
		b = &bucket{key: key, pair: pair}
		bs.index[key] = b
		bs.list = append(bs.list, b)
		return b, true, nil
	}
	if b.pair != pair {
		return nil, false, newError("D1009", g.pos, "", key)
	}
	return b, false, nil
}

// groupOne is groupBy for a single item, which needs no buckets.
func (e *evaluation) groupOne(g *group, item any, env *frame) (any, error) {
	keys := make([]string, len(g.pairs))
	set := make([]bool, len(g.pairs))
	for i, p := range g.pairs {
		var err error
		if keys[i], set[i], err = e.groupKey(g, p.key, item, env); err != nil {
			return nil, err
		}
		for j := 0; set[i] && j < i; j++ {
			if set[j] && keys[j] == keys[i] {
				return nil, newError("D1009", g.pos, "", keys[i])
			}
		}
	}
	out := NewObject(len(g.pairs))
	for i, p := range g.pairs {
		if !set[i] {
			continue
		}
		if err := e.setField(out, keys[i], p.value, item, env); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// groupKey evaluates a key, which is a string or undefined (no entry).
func (e *evaluation) groupKey(g *group, n *node, item any, env *frame) (string, bool, error) {
	v, err := e.eval(n, item, env)
	if err != nil || isUndefined(v) {
		return "", false, err
	}
	key, ok := v.(string)
	if !ok {
		return "", false, newError("T1003", g.pos, "", v)
	}
	return key, true, nil
}

func (e *evaluation) setField(out *Object, key string, n *node, data any, env *frame) error {
	if l, ok := data.(*bucketItems); ok {
		data = l.items
	}
	v, err := e.eval(n, data, env)
	if err != nil {
		return err
	}
	if s, ok := v.(*tupleStream); ok {
		v = collapse(s.values())
	}
	if !isUndefined(v) {
		out.Set(key, v)
	}
	return nil
}

// groupTuples is groupBy with the tuples' variables, which hold all the values of a bucket when its value is evaluated.
func (e *evaluation) groupTuples(g *group, s *tupleStream, env *frame) (any, error) {
	tuples := s.tuples
	if len(tuples) == 0 {
		tuples = []*tuple{{at: Undefined{}}}
	}
	var buckets buckets
	for _, t := range tuples {
		scope := t.frame(env)
		for i, p := range g.pairs {
			key, ok, err := e.groupKey(g, p.key, t.at, scope)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
			b, _, err := buckets.at(g, key, i)
			if err != nil {
				return nil, err
			}
			b.tuples = append(b.tuples, t)
		}
	}
	out := NewObject(len(buckets.list))
	for _, b := range buckets.list {
		t := merge(b.tuples)
		if err := e.setField(out, b.key, g.pairs[b.pair].value, t.at, t.frame(env)); err != nil {
			return nil, err
		}
	}
	return out, nil
}
