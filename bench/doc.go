// Package bench holds the benchmarks of what Headgate promises about speed. Each measures the
// platform and, in the same run, the physical limit beside it, and reports the ratio of the two:
// absolute numbers of a shared machine say little. README.md lists them.
package bench
