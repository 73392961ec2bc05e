// Package headgate is the root of the Headgate module. The program is cmd/headgate; docs/architecture.md shows the rooms.
package headgate
