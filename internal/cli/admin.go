package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// admin reads what the platform tells under /_headgate/, signed as everything is beyond loopback. found is false if the
// endpoint has no such page: AWS, say.
func (e *env) admin(path string, into any) (found bool, err error) {
	req, err := http.NewRequestWithContext(e.ctx, http.MethodGet, strings.TrimRight(e.endpoint, "/")+"/_headgate/"+path, nil)
	if err != nil {
		return false, usage{err}
	}
	cfg, err := e.aws(e.ctx)
	if err != nil {
		return false, err
	}
	keys, err := cfg.Credentials.Retrieve(e.ctx)
	if err != nil {
		return false, fmt.Errorf("AWS credentials: %w", err)
	}
	empty := sha256.Sum256(nil)
	if err := v4.NewSigner().SignHTTP(e.ctx, keys, req, hex.EncodeToString(empty[:]), "headgate", e.region, time.Now()); err != nil {
		return false, fmt.Errorf("sign: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		return true, json.NewDecoder(resp.Body).Decode(into)
	case http.StatusNotFound:
		return false, nil
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	return false, fmt.Errorf("GET %s: %s%s", req.URL.Path, resp.Status, after(": ", strings.TrimSpace(string(text))))
}
