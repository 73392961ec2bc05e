package runtime

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestKnown(t *testing.T) {
	for _, name := range []string{"provided.al2", "provided.al2023", "nodejs18.x", "nodejs20.x", "nodejs22.x", "nodejs24.x", "python3.9", "python3.14"} {
		if !Known(name) {
			t.Errorf("%s is unknown", name)
		}
	}
	for _, name := range []string{"", "provided", "nodejs", "nodejs21.x", "nodejs16.x", "nodejs22", "python3.8", "python3.15", "python2.7", "python3.x", "java21", "go1.x"} {
		if Known(name) {
			t.Errorf("%s is known", name)
		}
	}
}

func TestNearest(t *testing.T) {
	made := func(versions ...string) (all []candidate) {
		for _, v := range versions {
			c := candidate{version: v}
			for p := range strings.SplitSeq(v, ".") {
				n := 0
				for _, d := range p {
					n = n*10 + int(d-'0')
				}
				c.numbers = append(c.numbers, n)
			}
			all = append(all, c)
		}
		return all
	}
	for name, c := range map[string]struct {
		have []string
		want []int
		get  string
	}{
		"exact":              {[]string{"18.1.0", "22.3.1", "24.0.0"}, []int{22}, "22.3.1"},
		"newest patch":       {[]string{"22.3.1", "22.11.0", "22.9.5"}, []int{22}, "22.11.0"},
		"nearest":            {[]string{"16.0.0", "20.0.0"}, []int{22}, "20.0.0"},
		"of two the newer":   {[]string{"20.0.0", "24.0.0"}, []int{22}, "24.0.0"},
		"python's minor":     {[]string{"3.9.1", "3.11.7", "3.13.0"}, []int{3, 12}, "3.13.0"},
		"not another python": {[]string{"2.7.18"}, []int{3, 12}, ""},
		"none":               {nil, []int{22}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got, ok := nearest(made(c.have...), c.want); got.version != c.get || ok != (c.get != "") {
				t.Errorf("%q %v, want %q", got.version, ok, c.get)
			}
		})
	}
}

func TestAHomeFolderIsNeverShown(t *testing.T) {
	t.Setenv("HOME", "/home/me")
	for name, c := range map[string]struct {
		path     string
		prefixes []string
		want     []string
	}{
		"system":     {"/usr/bin/python3.11", []string{"/usr"}, nil},
		"pyenv":      {"/home/me/.pyenv/versions/3.12.1/bin/python3.12", []string{"/home/me/.pyenv/versions/3.12.1"}, []string{"/home/me/.pyenv/versions/3.12.1"}},
		"~/bin":      {"/home/me/bin/node", []string{"/home/me"}, []string{"/home/me/bin/node"}},
		"~/.local":   {"/home/me/.local/bin/node", []string{"/home/me/.local"}, []string{"/home/me/.local/bin/node"}},
		"/opt alone": {"/opt/bin/node", []string{"/opt"}, []string{"/opt/bin/node"}},
		"elsewhere":  {"/srv/x/bin/python3", []string{"/srv/base"}, []string{"/srv/base", "/srv/x/bin/python3"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := visible(c.path, c.prefixes); !slices.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestAMissingInterpreterSaysWhatToInstall(t *testing.T) {
	h := NewHost(t.TempDir())
	h.lists["python"] = []candidate{{path: "/x/python", version: "2.7.18", numbers: []int{2, 7, 18}}} // all that there is
	for name, want := range map[string]string{"python3.12": "install Python 3.12", "java21": "not supported"} {
		_, err := h.Find(name)
		var missing *MissingError
		if !errors.As(err, &missing) || missing.Runtime != name || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := h.Find("provided.al2023"); err != nil {
		t.Errorf("provided needs no interpreter: %v", err)
	}
}

func TestShimsArePassedOver(t *testing.T) {
	dir := t.TempDir()
	shim := filepath.Join(dir, "python3")
	os.WriteFile(shim, []byte("#!/bin/sh\nexit 1\n"), 0o755)
	if binary(shim) {
		t.Error("a script was taken for an interpreter")
	}
	if !binary("/proc/self/exe") {
		t.Error("this program was not")
	}
}

func TestTheClientIsUnpackedOnceAndRepaired(t *testing.T) {
	h := NewHost(t.TempDir())
	dir, err := h.unpack("nodejs")
	if err != nil {
		t.Fatal(err)
	}
	f := filepath.Join(dir, "bootstrap.mjs")
	want, _ := clients.ReadFile("node/bootstrap.mjs")
	os.WriteFile(f, []byte("broken"), 0o644)
	if again, err := h.unpack("nodejs"); err != nil || again != dir {
		t.Fatal(again, err)
	}
	if got, _ := os.ReadFile(f); string(got) != string(want) {
		t.Error("the client was not repaired")
	}
}
