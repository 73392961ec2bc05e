package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/internal/gateway"
)

func TestBodiesOfUnsignedRequestsAreNotWaitedFor(t *testing.T) {
	p := verified(t)
	for name, authorization := range map[string]string{
		"unsigned":       "",
		"an unknown key": "Authorization: AWS4-HMAC-SHA256 Credential=AKIANOBODY/20260101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=00\r\nX-Amz-Date: 20260101T000000Z\r\n",
	} {
		c, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(5 * time.Second))
		fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n%sContent-Length: 8000000\r\n\r\nAction=", authorization)
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if res.StatusCode != http.StatusForbidden {
			body, _ := io.ReadAll(res.Body)
			t.Errorf("%s: %d %s", name, res.StatusCode, body)
		}
	}
	endless := io.LimitReader(zeros{}, 1<<30) // in chunks, without a length
	res, err := http.Post(p.url, "application/x-www-form-urlencoded", endless)
	if err == nil {
		res.Body.Close()
		if res.StatusCode != http.StatusForbidden {
			t.Errorf("an endless form: %d", res.StatusCode)
		}
	}
	if left := endless.(*io.LimitedReader).N; left < 1<<29 {
		t.Errorf("%d bytes of an unsigned form were read", 1<<30-left)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestNamesThatANeighbourOnTheLinkAnswersForAreRefused(t *testing.T) {
	p := start(t, gateway.Config{})
	for host, want := range map[string]int{"evil.local:4566": 403, "headgate.test:4566": 200, "host.docker.internal:4566": 200, "localhost:4566": 200} {
		if res, body := do(t, "GET", p.url+"/_headgate/health", "", "Host", host); res.StatusCode != want {
			t.Errorf("%s: %d %s", host, res.StatusCode, body)
		}
	}
}
