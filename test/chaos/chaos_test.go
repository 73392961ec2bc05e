// Package chaos kills the platform, as kill -9 and lost databases do, and looks at what is left: everything that was
// answered is there, and whatever was under way ends as it would have. The server is a process of its own, the clients
// are the SDK's, the functions are real ones; each test runs on SQLite and on PostgreSQL.
//
//	HEADGATE_CHAOS_ROUNDS=N   repeats every test with other moments (1 by default)
//	HEADGATE_CHAOS_SEED=N     chooses the moments; a test that fails prints the one it had
package chaos

import (
	"archive/zip"
	"bytes"
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/headgate/headgate/internal/cli"
	"github.com/headgate/headgate/internal/db/dbtest"
)

const envRounds, envSeed = "HEADGATE_CHAOS_ROUNDS", "HEADGATE_CHAOS_SEED"

// serverArgv0 is the name under which the test binary is the platform.
const serverArgv0 = "headgate"

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == serverArgv0 {
		os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	flag.Parse()
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" })
	if !chosen { // the tests wait for the platform's clock most of the time
		if err := flag.Set("test.parallel", fmt.Sprint(2*runtime.GOMAXPROCS(0))); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// onEachStore runs test on SQLite (an empty URL) and on PostgreSQL, several rounds of each, side by side.
func onEachStore(t *testing.T, test func(t *testing.T, store func(t *testing.T) string, luck *rand.Rand)) {
	t.Parallel()
	for name, store := range map[string]func(t *testing.T) string{
		"sqlite":   func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return dbtest.Postgres(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "postgres" && os.Getenv(dbtest.EnvPostgres) == "" {
				dbtest.Postgres(t) // skips, and says what is missing
			}
			for round := range number(t, envRounds, 1) {
				t.Run(fmt.Sprint("round", round+1), func(t *testing.T) { test(t, store, chance(t)) })
			}
		})
	}
}

var startedAt = uint64(time.Now().UnixNano() % 1e6)

// chance is the test's own source of moments: the seed and its name decide all of them.
func chance(t *testing.T) *rand.Rand {
	seed := uint64(number(t, envSeed, int(startedAt)))
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("again: "+envSeed+"=%d go test ./test/chaos -run '^%s$'", seed, t.Name())
		}
	})
	h := fnv.New64a()
	h.Write([]byte(t.Name()))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

func number(t *testing.T, variable string, otherwise int) int {
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		t.Fatalf("%s=%q is not a number", variable, text)
	}
	return n
}

// upTo is a random duration.
func upTo(luck *rand.Rand, d time.Duration) time.Duration {
	return time.Duration(luck.Int64N(int64(d) + 1))
}

// code is the package of one of the functions in testdata, built once.
func code(t *testing.T, name string) []byte {
	t.Helper()
	b, err := builds[name]()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var builds = map[string]func() ([]byte, error){
	"app":     sync.OnceValues(func() ([]byte, error) { return build("app") }),
	"witness": sync.OnceValues(func() ([]byte, error) { return build("witness") }),
}

func build(name string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "chaos-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(dir, "bootstrap"), "./testdata/"+name)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build %s: %w\n%s", name, err, out)
	}
	b, err := os.ReadFile(filepath.Join(dir, "bootstrap"))
	if err != nil {
		return nil, err
	}
	return pack(b)
}

// pack makes a deployment package of a bootstrap.
func pack(bootstrap []byte) ([]byte, error) {
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	h := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	h.SetMode(0o755)
	w, err := z.CreateHeader(h)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(bootstrap); err != nil {
		return nil, err
	}
	err = z.Close()
	return buf.Bytes(), err
}
