//go:build !amd64 && !arm64

package boot

var native numbers // nothing known: no filter
