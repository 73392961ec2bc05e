package diagram

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/flow"
)

var update = flag.Bool("update", false, "write the golden files")

func open(t *testing.T) (*arazzo.Document, Options) {
	t.Helper()
	const path = "testdata/branches.arazzo.yaml"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d, findings := arazzo.Parse(data, path)
	if arazzo.HasErrors(findings) {
		t.Fatal(findings)
	}
	never := flow.Judge{Action: func(_ *arazzo.Step, a *arazzo.Action) flow.Verdict {
		if a.Name == "found" || a.Name == "worthless" || a.Name == "again" {
			return flow.Never
		}
		return flow.Maybe
	}}
	return d, Options{Judge: never, Operation: func(s *arazzo.Step) (string, string) {
		if s.OperationID == "getOrder" {
			return "GET", "/orders/{id}"
		}
		return "", ""
	}}
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s: %s", path, d)
	}
}

func TestText(t *testing.T) {
	d, o := open(t)
	var b bytes.Buffer
	if err := Text(&b, d, o); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/branches.txt", b.Bytes())
	for line := range strings.Lines(b.String()) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > textWidth {
			t.Errorf("%d wide: %s", n, line)
		}
	}
}

func TestSVG(t *testing.T) {
	d, o := open(t)
	svg := SVG(d, o)
	golden(t, "testdata/branches.svg", svg)
	for r := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := r.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "script" {
			t.Error("a label became an element")
		}
	}
}

func TestOneWorkflow(t *testing.T) {
	d, o := open(t)
	o.Workflow = "login"
	var b bytes.Buffer
	if err := Text(&b, d, o); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); !strings.HasPrefix(got, "login\n") || strings.Contains(got, "order") {
		t.Error(got)
	}
	if out := Outline(d, o); len(out) != 1 || out[0].Steps[0].Exits[0].To != "end" || !out[0].Steps[0].Reachable {
		t.Errorf("%+v", out)
	}
}

// Whatever is drawn stays within the picture, boxes do not touch, and lanes lie upon each other only on their way to one box.
func TestNothingOverlaps(t *testing.T) {
	d, o := open(t)
	for _, c := range charts(d, o) {
		l := c.place()
		for i, b := range l.boxes {
			if i > 0 && b.y < l.boxes[i-1].y+l.boxes[i-1].h+gap {
				t.Errorf("%s: box %d begins within box %d", c.title, i, i-1)
			}
			if b.y+b.h > l.height {
				t.Errorf("%s: box %d ends below the picture", c.title, i)
			}
			for _, e := range append(append([]placedExit{}, b.left...), b.right...) {
				if e.y < b.y || e.y > b.y+b.h {
					t.Errorf("%s: an exit of box %d is beside it", c.title, i)
				}
				if left, right := l.boxLeft-e.reach(), l.boxLeft+l.boxW+e.reach(); left < 0 || right > l.width && !e.failure && e.kind != toSelf {
					t.Errorf("%s: %q is outside the picture", c.title, e.label())
				}
			}
		}
		for i, a := range l.lanes {
			if a.x < 0 || a.x > l.width {
				t.Errorf("%s: lane %d is outside", c.title, i)
			}
			for _, b := range l.lanes[i+1:] {
				if a.x == b.x && a.to != b.to && a.meets(b) {
					t.Errorf("%s: lanes of %q and %q meet", c.title, a.exit.label(), b.exit.label())
				}
			}
		}
	}
}
