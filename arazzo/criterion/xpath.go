package criterion

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"

	"github.com/antchfx/xmlquery"
	"github.com/antchfx/xpath"
)

// xpathQuery holds compiled expressions, each of which may be used by one
// goroutine at a time only.
type xpathQuery struct {
	text string
	pool *sync.Pool
}

// compileXPath compiles once to find errors, and then as often as goroutines
// evaluate at a time.
func compileXPath(text, version string) (*xpathQuery, error) {
	if len(text) > maxPattern {
		return nil, fmt.Errorf("an XPath of %d bytes is too long", len(text))
	}
	plain, err := plainXPath(text, version)
	if err != nil {
		return nil, err
	}
	first, err := compileExpr(plain)
	if err != nil {
		return nil, fmt.Errorf("%q is no XPath that is supported: %w (XPath 1.0 and a few functions of 2.0 are)", clip(text), err)
	}
	pool := &sync.Pool{New: func() any {
		e, _ := compileExpr(plain)
		return e
	}}
	pool.Put(first)
	return &xpathQuery{text, pool}, nil
}

// compileExpr compiles; the library panics on some malformed texts.
func compileExpr(text string) (e *xpath.Expr, err error) {
	defer func() {
		if p := recover(); p != nil {
			e, err = nil, fmt.Errorf("%v", p)
		}
	}()
	return xpath.Compile(text)
}

var errNotXML = errors.New("the context is not XML")

// maxXML bounds the text of a context in bytes.
const maxXML = 32 << 20

// parseXML reads a context. Entities beyond XML's own are not expanded.
func parseXML(v any) (doc *xmlquery.Node, err error) {
	text, is := v.(string)
	switch {
	case !is:
		return nil, fmt.Errorf("%w but JSON: %s", errNotXML, show(v))
	case len(text) > maxXML:
		return nil, fmt.Errorf("%d bytes of XML are too many", len(text))
	}
	defer func() {
		if p := recover(); p != nil {
			doc, err = nil, fmt.Errorf("%w: %v", errNotXML, p)
		}
	}()
	if doc, err = xmlquery.Parse(strings.NewReader(text)); err != nil {
		return nil, fmt.Errorf("%w: %w", errNotXML, err)
	}
	if doc.SelectElement("*") == nil {
		return nil, fmt.Errorf("%w: %s", errNotXML, show(text))
	}
	return doc, nil
}

// evaluate answers bool, float64, string or []*xmlquery.Node.
func (q *xpathQuery) evaluate(doc *xmlquery.Node) (v any, err error) {
	e, is := q.pool.Get().(*xpath.Expr)
	if !is || e == nil {
		return nil, errUnknown
	}
	defer func() {
		if p := recover(); p != nil {
			v, err = nil, fmt.Errorf("the XPath %s: %v", clip(q.text), p)
			return
		}
		q.pool.Put(e)
	}()
	v = e.Evaluate(xmlquery.CreateXPathNavigator(doc))
	iterator, is := v.(*xpath.NodeIterator)
	if !is {
		return v, nil
	}
	var nodes []*xmlquery.Node
	for iterator.MoveNext() {
		if nodes = append(nodes, current(iterator)); len(nodes) > maxNodes {
			return nil, fmt.Errorf("the XPath %s selects more than %d nodes", clip(q.text), maxNodes)
		}
	}
	return nodes, nil
}

// maxNodes bounds the tree of a document that a server answers: XPath needs it whole, at some hundred bytes a node.
const maxNodes = 100_000

// current answers the node of an iterator; an attribute is made a node whose
// parent is its element.
func current(iterator *xpath.NodeIterator) *xmlquery.Node {
	at := iterator.Current().(*xmlquery.NodeNavigator)
	if at.NodeType() != xpath.AttributeNode {
		return at.Current()
	}
	attribute := &xmlquery.Node{Type: xmlquery.AttributeNode, Prefix: at.Prefix(), Data: at.LocalName(), Parent: at.Current()}
	attribute.FirstChild = &xmlquery.Node{Type: xmlquery.TextNode, Data: at.Value(), Parent: attribute}
	return attribute
}

// match follows the effective boolean value.
func (q *xpathQuery) match(context any) (bool, string, error) {
	doc, err := parseXML(context)
	if err != nil {
		return false, "", err
	}
	v, err := q.evaluate(doc)
	if err != nil {
		return false, "", err
	}
	var passed bool
	switch v := v.(type) {
	case bool:
		passed = v
	case float64:
		passed = v != 0 && !math.IsNaN(v)
	case string:
		passed = v != ""
	case []*xmlquery.Node:
		if passed = len(v) > 0; !passed {
			return false, fmt.Sprintf("%s selects nothing", q.text), nil
		}
	default:
		return false, "", fmt.Errorf("the XPath %s answers no value", clip(q.text))
	}
	if passed {
		return true, "", nil
	}
	return false, fmt.Sprintf("%s is %s", q.text, show(v)), nil
}
