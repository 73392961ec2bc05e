package boot

// native holds the numbers of asm/unistd.h.
var native = numbers{
	arch:  0xc00000b7,
	clone: 220, unshare: 97, setns: 268, socket: 198, setrlimit: 164, prlimit: 261,
	never: []uint32{
		40,  // mount
		39,  // umount2
		41,  // pivot_root
		219, // keyctl
		217, // add_key
		218, // request_key
		280, // bpf
		241, // perf_event_open
		282, // userfaultfd
		265, // open_by_handle_at
		116, // syslog
		104, // kexec_load
		105, // init_module
		273, // finit_module
		106, // delete_module
		89,  // acct
		60,  // quotactl
		272, // kcmp
		262, // fanotify_init
	},
}
