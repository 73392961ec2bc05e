package wire_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/headgate/headgate/internal/wire"
)

// serve starts one service over HTTP and returns a client configuration for it.
func serve(t testing.TB, cfg wire.Config, svc any) (aws.Config, string) {
	t.Helper()
	cfg.Log = slog.New(slog.DiscardHandler)
	s, err := wire.New(cfg, svc)
	if err != nil {
		t.Fatal(err)
	}
	return serveHandler(t, s)
}

func serveHandler(t testing.TB, h http.Handler) (aws.Config, string) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(srv.URL), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	}, srv.URL
}

var ctx = context.Background()
