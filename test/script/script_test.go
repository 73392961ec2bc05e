// Package script runs the scripts beside it: the real command line and platform, end to end, each script on SQLite and
// on PostgreSQL. A script says
//
//	platform [flags]     start headgate serve on a free port; AWS_ENDPOINT_URL then points there
//	platform-stop        end it in order; -kill ends it with SIGKILL
//	retry N command …    run a command up to N times, half a second apart, until it succeeds
//
// beside testscript's own commands. "[exec:aws]" and the like guard what needs a program that may be missing; so do
// "[boto3]", python3 with that package, and "[terraform-provider-aws]", a plug-in mirror that has the provider; the script
// then finds the provider's folder in TERRAFORM_PROVIDER_AWS.
package script

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/headgate/headgate/internal/cli"
	"github.com/headgate/headgate/internal/db/dbtest"
)

func TestMain(m *testing.M) {
	testscript.Main(waiting{m}, map[string]func(){
		"headgate": func() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// waiting are tests that wait most of the time, for the AWS CLI's own pauses and for the platform's clock: twice as many as there are
// processors run at once, unless somebody chose.
type waiting struct{ *testing.M }

func (w waiting) Run() int {
	flag.Parse()
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" })
	if !chosen {
		if err := flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0))); err != nil {
			panic(err)
		}
	}
	return w.M.Run()
}

func TestScriptsOnSQLite(t *testing.T) {
	each(t, func(*testing.T) string { return "" })
}

func TestScriptsOnPostgreSQL(t *testing.T) {
	each(t, func(t *testing.T) string { return dbtest.Postgres(t) })
}

func each(t *testing.T, store func(t *testing.T) string) {
	t.Parallel()
	files, err := filepath.Glob("*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(f, ".txtar"), func(t *testing.T) {
			t.Parallel()
			url := store(t)
			testscript.Run(t, testscript.Params{Files: []string{f}, Setup: func(e *testscript.Env) error {
				p := &platform{}
				e.Values[platformKey{}] = p
				e.Defer(func() { p.stop(syscall.SIGKILL) })
				e.Setenv("HEADGATE_DB", url)
				e.Setenv("SOURCE", root)
				e.Setenv("TERRAFORM_PROVIDER_AWS", terraformProvider())
				for k, v := range map[string]string{"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
					"AWS_PAGER": "", "AWS_EC2_METADATA_DISABLED": "true", "HOME": os.Getenv("HOME"), "GOCACHE": goEnv("GOCACHE"), "GOMODCACHE": goEnv("GOMODCACHE"),
					"GOFLAGS": os.Getenv("GOFLAGS"), "PYENV_VERSION": os.Getenv("PYENV_VERSION")} {
					e.Setenv(k, v)
				}
				return nil
			}, Condition: installed, Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
				"platform": start, "platform-stop": stop, "retry": retry,
			}})
		})
	}
}

var goEnv = func() func(string) string {
	var mu sync.Mutex
	known := map[string]string{}
	return func(name string) string {
		mu.Lock()
		defer mu.Unlock()
		if _, ok := known[name]; !ok {
			out, _ := exec.Command("go", "env", name).Output() // empty is Go's default
			known[name] = strings.TrimSpace(string(out))
		}
		return known[name]
	}
}()

// installed answers the conditions of our own.
func installed(what string) (bool, error) {
	switch what {
	case "boto3":
		const recent = "import boto3, sys; sys.exit(tuple(map(int, boto3.__version__.split('.')[:2])) < (1, 28))" // knows AWS_ENDPOINT_URL
		return exec.Command("python3", "-c", recent).Run() == nil, nil
	case "terraform-provider-aws":
		return terraformProvider() != "", nil
	}
	return false, fmt.Errorf("unknown condition %q", what)
}

// terraformProvider finds the folder of the newest AWS provider in a plug-in mirror: one of Terraform's usual ones, or one below /opt.
func terraformProvider() string {
	const provider = "registry.terraform.io/hashicorp/aws/*/*/terraform-provider-aws_v*"
	for _, mirror := range []string{os.Getenv("HEADGATE_TEST_TERRAFORM_MIRROR"), "/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins", "/opt/*"} {
		if found, err := filepath.Glob(filepath.Join(mirror, provider)); mirror != "" && err == nil && len(found) > 0 {
			return filepath.Dir(found[len(found)-1])
		}
	}
	return ""
}

type platformKey struct{}

// platform is a script's server process.
type platform struct {
	cmd  *exec.Cmd
	log  *os.File
	port string
}

func (p *platform) stop(sig syscall.Signal) {
	if p.cmd == nil {
		return
	}
	p.cmd.Process.Signal(sig)
	p.cmd.Wait()
	p.log.Close()
	p.cmd = nil
}

// start runs the server in $WORK/data, at the port of the time before if there was one.
func start(ts *testscript.TestScript, neg bool, args []string) {
	p := ts.Value(platformKey{}).(*platform)
	if p.cmd != nil {
		ts.Fatalf("the platform runs already")
	}
	if p.port == "" {
		p.port = "0"
	}
	all := append([]string{"serve", "--listen", "127.0.0.1:" + p.port, "--data", ts.Getenv("WORK") + "/data"}, args...)
	if url := ts.Getenv("HEADGATE_DB"); url != "" {
		all = append(all, "--db", url)
	}
	program, err := exec.LookPath("headgate")
	ts.Check(err)
	cmd := exec.Command(program, all...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt of the tests is not the platform's
	p.log, err = os.OpenFile(ts.Getenv("WORK")+"/platform.log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	ts.Check(err)
	cmd.Stderr = p.log
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		cmd.Wait()
		text, _ := os.ReadFile(p.log.Name())
		ts.Fatalf("the platform did not start: %v\n%s", err, text)
	}
	p.cmd = cmd
	_, rest, _ := strings.Cut(line, " ready at ")
	endpoint, _, _ := strings.Cut(rest, " ")
	p.port = endpoint[strings.LastIndex(endpoint, ":")+1:]
	ts.Setenv("AWS_ENDPOINT_URL", endpoint)
}

func stop(ts *testscript.TestScript, neg bool, args []string) {
	sig := syscall.SIGTERM
	if len(args) == 1 && args[0] == "-kill" {
		sig = syscall.SIGKILL
	}
	ts.Value(platformKey{}).(*platform).stop(sig)
}

func retry(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	for i := 0; ; i++ {
		err := ts.Exec(args[1], args[2:]...)
		if (err == nil) != neg {
			return
		}
		if i == n {
			ts.Fatalf("%s: not after %d tries: %v", fmt.Sprint(args[1:]), n, err)
		}
		time.Sleep(500 * time.Millisecond)
	}
}
