package runtime

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

//go:embed node/bootstrap.mjs python/bootstrap.py
var clients embed.FS

// Interpreter is what a runtime needs in order to run on this host.
type Interpreter struct {
	Runtime    string   // as asked for, e.g. "nodejs22.x"
	Language   string   // "provided", "nodejs" or "python"
	Version    string   // found, e.g. "20.20.2"; empty for provided
	Argv       []string // command inside the environment; empty for provided: the bootstrap is looked up there
	RuntimeDir string   // to be mounted at /var/runtime; empty for provided
	ReadOnly   []string // paths that must be visible at their own place
	Substitute string   // e.g. "node 20.20.2 for nodejs22.x"; empty when the version is the one asked for
}

// MissingError says that a runtime cannot run here, and what would help.
type MissingError struct{ Runtime, Install string }

func (e *MissingError) Error() string {
	return fmt.Sprintf("no interpreter for %s on this machine: %s", e.Runtime, e.Install)
}

// Host finds interpreters. All methods are safe for concurrent use.
type Host struct {
	dir string // the clients are unpacked here

	mu    sync.Mutex
	found map[string]Interpreter
	lists map[string][]candidate // per language
}

// NewHost returns a Host that unpacks the runtime clients below dir when they are first needed.
func NewHost(dir string) *Host {
	return &Host{dir: dir, found: map[string]Interpreter{}, lists: map[string][]candidate{}}
}

// Known reports whether name is a runtime that can be served given an interpreter.
func Known(name string) bool {
	_, _, ok := parse(name)
	return ok
}

// parse splits a runtime's name into language and version ("22", "3.12").
func parse(name string) (language string, version []int, ok bool) {
	switch name {
	case "provided.al2023", "provided.al2":
		return "provided", nil, true
	}
	if v, found := strings.CutPrefix(name, "nodejs"); found {
		if v, found = strings.CutSuffix(v, ".x"); found {
			n, err := strconv.Atoi(v)
			return "nodejs", []int{n}, err == nil && n >= 18 && n <= 24 && n%2 == 0
		}
	}
	if v, found := strings.CutPrefix(name, "python3."); found {
		n, err := strconv.Atoi(v)
		return "python", []int{3, n}, err == nil && n >= 9 && n <= 14
	}
	return "", nil, false
}

// Find returns what runs the runtime. Successes are remembered, so an interpreter that was
// installed meanwhile is found, and one that was removed is not missed.
func (h *Host) Find(name string) (Interpreter, error) {
	language, version, ok := parse(name)
	if !ok {
		return Interpreter{}, &MissingError{name, "the runtime is not supported; use provided.al2023, nodejs18.x to nodejs24.x or python3.9 to python3.14"}
	}
	if language == "provided" {
		return Interpreter{Runtime: name, Language: language}, nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if in, ok := h.found[name]; ok {
		return in, nil
	}
	if len(h.lists[language]) == 0 {
		h.lists[language] = search(language)
	}
	best, ok := nearest(h.lists[language], version)
	if !ok {
		return Interpreter{}, &MissingError{name, install(language, version)}
	}
	dir, err := h.unpack(language)
	if err != nil {
		return Interpreter{}, fmt.Errorf("runtime: %w", err)
	}
	in := Interpreter{Runtime: name, Language: language, Version: best.version, RuntimeDir: dir, ReadOnly: best.prefixes}
	switch language {
	case "nodejs":
		in.Argv = []string{best.path, "/var/runtime/bootstrap.mjs"}
	case "python":
		in.Argv = []string{best.path, "/var/runtime/bootstrap.py"}
	}
	if !matches(best.numbers, version) {
		in.Substitute = fmt.Sprintf("%s %s for %s", map[string]string{"nodejs": "node", "python": "python"}[language], best.version, name)
	}
	h.found[name] = in
	return in, nil
}

func install(language string, version []int) string {
	if language == "nodejs" {
		return fmt.Sprintf("install Node.js %d (nodejs.org, nvm install %d, or your distribution's package nodejs)", version[0], version[0])
	}
	return fmt.Sprintf("install Python 3.%d (python.org, pyenv install 3.%d, or your distribution's package python3)", version[1], version[1])
}

// unpack writes a language's client to a folder named after its content, so that two versions of
// the platform never disturb each other.
func (h *Host) unpack(language string) (string, error) {
	sub := map[string]string{"nodejs": "node", "python": "python"}[language]
	sum := sha256.New()
	err := fs.WalkDir(clients, sub, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			b, _ := clients.ReadFile(p)
			fmt.Fprintf(sum, "%s %d\n%s", p, len(b), b)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	dir := filepath.Join(h.dir, sub+"-"+hex.EncodeToString(sum.Sum(nil)[:6]))
	if dir, err = filepath.Abs(dir); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	return dir, fs.WalkDir(clients, sub, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := clients.ReadFile(p)
		if err != nil {
			return err
		}
		target := filepath.Join(dir, filepath.Base(p))
		if have, err := os.ReadFile(target); err == nil && string(have) == string(b) {
			return nil
		}
		if err := os.WriteFile(target+".new", b, 0o644); err != nil {
			return err
		}
		return os.Rename(target+".new", target)
	})
}
