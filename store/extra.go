package store

import "github.com/taskhook/taskhook/webhook"

// Extras are values that few records have. They stand behind the others, only
// where there is one, each with a number that no other value of its kind of
// record ever has. A version that does not know a number skips it.

func (c *codec) eventExtras(e *webhook.Event) {
	extras := c.readExtras()
	c.extra(extras, 1, e.Trailer != nil, func(c *codec) { c.header(&e.Trailer) })
	c.extra(extras, 2, e.Notes != nil, func(c *codec) { c.texts(&e.Notes) })
	c.extra(extras, 10, e.Head != "", func(c *codec) { text(c, &e.Head) })
	c.extra(extras, 11, e.Count != 0, func(c *codec) { number(c, &e.Count) })
}

func (c *codec) attemptExtras(a *webhook.Attempt) {
	extras := c.readExtras()
	c.extra(extras, 1, a.Trailer != nil, func(c *codec) { c.header(&a.Trailer) })
	c.extra(extras, 2, a.Notes != nil, func(c *codec) { c.texts(&a.Notes) })
	c.extra(extras, 3, a.Waited != 0, func(c *codec) { number(c, &a.Waited) })
	c.extra(extras, 4, a.Host != "", func(c *codec) { text(c, &a.Host) })
	c.extra(extras, 20, a.Signed != nil, func(c *codec) { c.header(&a.Signed) })
	c.extra(extras, 21, a.Unforwarded, func(c *codec) { c.bool(&a.Unforwarded) })
}

// readExtras splits the rest of a record that is read; it is nil where there is
// nothing, and when the codec writes.
func (c *codec) readExtras() map[uint64][]byte {
	if !c.reads || len(c.b) == 0 {
		return nil
	}
	extras := make(map[uint64][]byte)
	for len(c.b) > 0 {
		var n uint64
		var value []byte
		c.uint(&n)
		text(c, &value)
		extras[n] = value
	}
	return extras
}

// extra appends a value if there is one, or reads it from the extras if it is
// among them.
func (c *codec) extra(extras map[uint64][]byte, n uint64, has bool, value func(*codec)) {
	if !c.reads {
		if !has {
			return
		}
		var one codec
		value(&one)
		c.uint(&n)
		text(c, &one.b)
		return
	}
	if b, found := extras[n]; found && c.err == nil {
		one := newReader(b)
		value(one)
		c.err = one.end()
	}
}

// texts keeps a list of texts, in order.
func (c *codec) texts(list *[]string) {
	n := c.length(len(*list))
	if c.reads {
		*list = make([]string, n)
	}
	for i := range *list {
		text(c, &(*list)[i])
	}
}
