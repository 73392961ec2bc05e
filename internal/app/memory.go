package app

import (
	"bufio"
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"golang.org/x/sys/unix"
)

// giveBack returns the memory that only the start needed: the heap's free pages, and the pages of the program file that
// hold code which has run once. The kernel still has those cached; what is needed again comes back by a minor fault.
// It is an optimisation: where /proc tells nothing the pages stay.
func giveBack() {
	debug.FreeOSMemory()
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	maps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer maps.Close()
	var from, to uintptr // the mapping of the program that is being described
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		line := lines.Text()
		name, value, _ := strings.Cut(line, ":")
		switch {
		case strings.Contains(name, "-"): // the head of a mapping: from-to rights …
			if _, err := fmt.Sscanf(line, "%x-%x", &from, &to); err != nil || !strings.HasSuffix(line, " "+program) {
				from, to = 0, 0
			}
		case name == "Anonymous" && to > from && strings.TrimSpace(value) == "0 kB":
			// Nothing in it differs from the file (a position-independent build has relocated pages, which must stay).
			_, _, _ = unix.Syscall(unix.SYS_MADVISE, from, to-from, unix.MADV_DONTNEED)
		}
	}
}
