package environment

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
)

// works are what a function of escape() must be able to do; all else must fail.
var works = []string{"setrlimit", "interfaces", "own unix socket", "child"}

func TestSystemCallsThatLeadOutOfTheEnvironmentAreRefused(t *testing.T) {
	missing := strings.Join(host.cfg.Sandbox.Missing(), ";")
	name := fmt.Sprintf("headgate-test-%d", os.Getpid())
	ln, err := net.Listen("unix", "@"+name)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if c, err := net.Dial("unix", "@"+name); err != nil {
		t.Fatalf("the socket that functions must not reach does not answer: %v", err)
	} else {
		c.Close()
	}
	for kind, f := range map[string]Function{"the first process": goFunction(), "the second process": extensionFunction(t, extensionScript)} {
		e, _ := start(t, f)
		said := ask[map[string]string](t, e, fmt.Sprintf(`{"do":"escape","arg":%q}`, name))
		if len(said) < 12 {
			t.Fatalf("%s: %v", kind, said)
		}
		for _, w := range works {
			if said[w] != "" {
				t.Errorf("%s: %s: %s", kind, w, said[w])
			}
			delete(said, w)
		}
		if strings.Contains(missing, "Landlock") {
			delete(said, "abstract socket")
		}
		if strings.Contains(missing, "system call filter") {
			continue
		}
		for what, answer := range said {
			if answer == "" {
				t.Errorf("%s: %s succeeded", kind, what)
			}
		}
	}
}
