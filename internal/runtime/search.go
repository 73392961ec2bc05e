package runtime

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// candidate is an interpreter on this host.
type candidate struct {
	path     string // the real binary
	version  string
	numbers  []int
	prefixes []string // what must be visible beside /usr
}

// places are the patterns of binaries per language, the most specific first; PATH is added.
func places(language string) []string {
	home, _ := os.UserHomeDir()
	in := func(parts ...string) string { return filepath.Join(append([]string{home}, parts...)...) }
	env := func(name, fallback string) string {
		if v := os.Getenv(name); v != "" {
			return v
		}
		return fallback
	}
	if language == "nodejs" {
		return []string{
			env("NVM_DIR", in(".nvm")) + "/versions/node/*/bin/node",
			in(".local/share/fnm/node-versions/*/installation/bin/node"),
			in(".volta/tools/image/node/*/bin/node"),
			in(".asdf/installs/nodejs/*/bin/node"), in(".local/share/mise/installs/node/*/bin/node"),
			"/opt/hostedtoolcache/node/*/*/bin/node",
			"/usr/local/bin/node", "/usr/bin/node", "/usr/bin/nodejs",
		}
	}
	return []string{
		env("PYENV_ROOT", in(".pyenv")) + "/versions/3.*/bin/python3",
		in(".asdf/installs/python/3.*/bin/python3"), in(".local/share/mise/installs/python/3.*/bin/python3"),
		in(".local/share/uv/python/cpython-3.*/bin/python3"),
		"/opt/hostedtoolcache/Python/3.*/*/bin/python3",
		"/usr/local/bin/python3.*", "/usr/bin/python3.*", "/usr/local/bin/python3", "/usr/bin/python3",
	}
}

var pythonName = regexp.MustCompile(`^python3(\.\d+)?$`)

// search lists the language's interpreters, each once. Shims (pyenv's are scripts) are passed
// over: the binaries that they choose from are found in their own folders.
func search(language string) []candidate {
	var paths []string
	for _, pattern := range places(language) {
		found, _ := filepath.Glob(pattern)
		paths = append(paths, found...)
	}
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		name := map[string]string{"nodejs": "node", "python": "python3*"}[language]
		found, _ := filepath.Glob(filepath.Join(dir, name))
		paths = append(paths, found...)
	}
	var out []candidate
	seen := map[string]bool{}
	for _, p := range paths {
		if language == "python" && !pythonName.MatchString(filepath.Base(p)) {
			continue // python3.12-config and the like
		}
		real, err := filepath.EvalSymlinks(p)
		if err != nil || seen[real] || !binary(real) {
			continue
		}
		seen[real] = true
		if c, ok := inspect(language, real); ok {
			out = append(out, c)
		}
	}
	return out
}

// binary reports whether the file is an executable of the machine, not a script.
func binary(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	magic := make([]byte, 4)
	n, _ := f.Read(magic)
	return n == 4 && string(magic) == "\x7fELF"
}

// inspect asks the interpreter for its version and prefix.
func inspect(language, path string) (candidate, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	args := []string{"-p", "process.versions.node"}
	if language == "python" {
		args = []string{"-I", "-S", "-c", "import sys; print('.'.join(map(str, sys.version_info[:3]))); print(sys.base_prefix); print(sys.base_exec_prefix)"}
	}
	out, err := exec.CommandContext(ctx, path, args...).Output()
	if err != nil {
		return candidate{}, false
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	c := candidate{path: path, version: lines[0]}
	for p := range strings.SplitSeq(c.version, ".") {
		n, err := strconv.Atoi(p)
		if err != nil {
			return candidate{}, false
		}
		c.numbers = append(c.numbers, n)
	}
	if len(c.numbers) < 2 {
		return candidate{}, false
	}
	c.prefixes = lines[1:]
	if language == "nodejs" {
		c.prefixes = []string{filepath.Dir(filepath.Dir(path))}
	}
	c.prefixes = visible(path, c.prefixes)
	return c, true
}

// visible reduces prefixes to folders that may be shown to functions: never a home folder or one
// of the roots, where a binary merely lies in bin; then the binary alone is shown.
func visible(path string, prefixes []string) []string {
	home, _ := os.UserHomeDir()
	var out []string
	for _, p := range prefixes {
		p = filepath.Clean(p)
		switch {
		case under(p, "/usr"):
		case p == "/" || p == home || p == filepath.Join(home, ".local") || strings.Count(p, "/") < 2:
			out = append(out, path)
		default:
			out = append(out, p)
		}
	}
	if !under(path, "/usr") && !slices.ContainsFunc(out, func(p string) bool { return under(path, p) }) {
		out = append(out, path)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func under(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}

// matches reports whether have is the release line want: 22 for node, 3.12 for python.
func matches(have, want []int) bool {
	return len(have) >= len(want) && slices.Equal(have[:len(want)], want)
}

// nearest chooses the newest patch of the wanted version; else the version with the smallest
// distance, of two equally far the newer. Another major of python is no substitute.
func nearest(all []candidate, want []int) (candidate, bool) {
	last := len(want) - 1
	var best candidate
	found := false
	distance := func(c candidate) int {
		d := c.numbers[last] - want[last]
		return max(d, -d)
	}
	for _, c := range all {
		if len(c.numbers) <= last || !slices.Equal(c.numbers[:last], want[:last]) {
			continue
		}
		d := slices.Compare(c.numbers, best.numbers)
		if !found || distance(c) < distance(best) || (distance(c) == distance(best) && d > 0) {
			best, found = c, true
		}
	}
	return best, found
}
