package boot

// native holds the numbers of asm/unistd.h.
var native = numbers{
	arch: 0xc000003e, foreign: 0x40000000, // x32
	clone: 56, unshare: 272, setns: 308, socket: 41, setrlimit: 160, prlimit: 302,
	never: []uint32{
		165, // mount
		166, // umount2
		155, // pivot_root
		250, // keyctl
		248, // add_key
		249, // request_key
		321, // bpf
		298, // perf_event_open
		323, // userfaultfd
		304, // open_by_handle_at
		103, // syslog
		246, // kexec_load
		175, // init_module
		313, // finit_module
		176, // delete_module
		163, // acct
		179, // quotactl
		312, // kcmp
		300, // fanotify_init
		172, // iopl
		173, // ioperm
	},
}
