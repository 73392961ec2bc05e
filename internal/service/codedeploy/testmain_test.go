package codedeploy

import (
	"log/slog"
	"os"
	"testing"
)

// The engine tells of every take-over: hundreds in the restart tests.
func TestMain(m *testing.M) {
	slog.SetLogLoggerLevel(slog.LevelWarn)
	os.Exit(m.Run())
}
