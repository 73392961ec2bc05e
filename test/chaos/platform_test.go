package chaos

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
)

// patience is how long anything may take, in real time, the machine being busy.
const patience = 60 * time.Second

// platform is a server process and the clients that talk to it.
type platform struct {
	t    *testing.T
	dir  string // beside the data: the server's log
	db   string // empty: SQLite in the data folder
	rate int    // platform seconds in a real one
	port string
	cmd  *exec.Cmd
	log  *os.File

	lambda         *lambda.Client
	codedeploy     *codedeploy.Client
	cloudformation *cloudformation.Client
	cloudwatch     *cloudwatch.Client
	logs           *cloudwatchlogs.Client
	iam            *iam.Client
	s3             *s3.Client
	sfn            *sfn.Client
}

// newPlatform starts a server on a fresh data folder; it is killed when the test ends.
func newPlatform(t *testing.T, db string, rate int, luck *rand.Rand) *platform {
	t.Helper()
	p := &platform{t: t, dir: t.TempDir(), db: db, rate: rate, port: freePort(t, luck)}
	for _, dir := range []string{p.dir, filepath.Dir(p.dir)} { // functions run as other users
		if err := os.Chmod(dir, 0o711); err != nil {
			t.Fatal(err)
		}
	}
	p.connect(aws.NopRetryer{}) // what was answered must be certain
	p.start()
	t.Cleanup(func() {
		if p.cmd != nil {
			p.kill()
		}
		if t.Failed() {
			p.tail()
		}
	})
	return p
}

// connect makes the clients.
func (p *platform) connect(r aws.Retryer) {
	cfg := aws.Config{Region: "us-east-1", BaseEndpoint: aws.String("http://127.0.0.1:" + p.port),
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		Retryer:     func() aws.Retryer { return r },
		HTTPClient:  &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}}
	p.lambda, p.codedeploy, p.cloudformation = lambda.NewFromConfig(cfg), codedeploy.NewFromConfig(cfg), cloudformation.NewFromConfig(cfg)
	p.cloudwatch, p.logs, p.iam = cloudwatch.NewFromConfig(cfg), cloudwatchlogs.NewFromConfig(cfg), iam.NewFromConfig(cfg)
	p.sfn = sfn.NewFromConfig(cfg)
	p.s3 = s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
}

// freePort is one below those that the kernel gives to outgoing connections: a client that dials a dead server's
// port again and again must not be given that very port, and so connect to itself.
func freePort(t *testing.T, luck *rand.Rand) string {
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", 10000+luck.IntN(20000)))
		if err == nil {
			defer l.Close()
			_, port, _ := net.SplitHostPort(l.Addr().String())
			return port
		}
	}
	t.Fatal("no free port")
	return ""
}

// start runs the server on what is there, and returns when it serves.
func (p *platform) start() {
	p.t.Helper()
	if err := p.tryStart(); err != nil {
		p.tail()
		p.t.Fatal(err)
	}
}

func (p *platform) tryStart() (err error) {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	args := []string{serverArgv0, "serve", "--listen", "127.0.0.1:" + p.port, "--data", filepath.Join(p.dir, "data"), "--clock-rate", fmt.Sprint(p.rate)}
	if p.db != "" {
		args = append(args, "--db", p.db)
	}
	if p.log == nil {
		if p.log, err = os.Create(filepath.Join(p.dir, "server.log")); err != nil {
			return err
		}
		p.t.Cleanup(func() { p.log.Close() })
	}
	// A server does not outlive a test binary that is itself killed.
	cmd := &exec.Cmd{Path: self, Args: args, Stderr: p.log, Env: os.Environ(), SysProcAttr: &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.Contains(line, " ready at ") {
		cmd.Process.Kill()
		return fmt.Errorf("the server did not start: %q, %v, %v", line, err, cmd.Wait())
	}
	p.cmd = cmd
	return nil
}

// kill ends the server as kill -9 does, and sees to it that no process of it or of its functions is left.
func (p *platform) kill() (killed []process) {
	p.t.Helper()
	pid := p.cmd.Process.Pid
	syscall.Kill(pid, syscall.SIGSTOP) // or it could start a process that we do not see
	killed = descendants(pid)
	syscall.Kill(pid, syscall.SIGKILL)
	p.cmd.Wait()
	p.cmd = nil
	deadline := time.Now().Add(5 * time.Second)
	for left := alive(killed); len(left) > 0; left = alive(left) {
		if time.Now().After(deadline) {
			p.t.Errorf("processes of functions outlive the server: %v", left)
			for _, x := range left {
				syscall.Kill(x.pid, syscall.SIGKILL)
			}
			return killed
		}
		time.Sleep(2 * time.Millisecond)
	}
	return killed
}

// restart is a kill and a start; with luck the server is killed again while it picks up its work.
func (p *platform) restart(luck *rand.Rand) {
	p.t.Helper()
	p.kill()
	p.start()
	if luck.IntN(2) == 0 {
		time.Sleep(upTo(luck, 300*time.Millisecond))
		p.kill()
		p.start()
	}
}

// until waits for what has to come.
func (p *platform) until(what string, done func(ctx context.Context) (bool, error)) {
	p.t.Helper()
	p.patiently(what, 5*time.Millisecond, done)
}

func (p *platform) patiently(what string, pause time.Duration, done func(ctx context.Context) (bool, error)) {
	p.t.Helper()
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(pause) {
		var ok bool
		if ok, err = done(p.t.Context()); ok && err == nil {
			return
		}
	}
	p.t.Fatalf("not in %v: %s (last error: %v)", patience, what, err)
}

// must fails the test on an error.
func must[T any](t *testing.T, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// tail shows the end of the server's log.
func (p *platform) tail() {
	p.t.Helper()
	b, _ := os.ReadFile(filepath.Join(p.dir, "server.log"))
	lines := bytes.Split(bytes.TrimSpace(b), []byte("\n"))
	p.t.Logf("the server's log ends:\n%s", bytes.Join(lines[max(0, len(lines)-25):], []byte("\n")))
}
