// SPDX-License-Identifier: MIT
/*
 * seccomp.c: drops the privileges of a domain process. machine_privileges_drop(), at the start,
 * before any thread: drops all capabilities and ways to regain them, and denies access to its
 * memory by processes of its uid. machine_seccomp_enter(), before the kernel starts and so before
 * anything of a disk or a client is read: permits all threads only the calls and arguments below.
 * The supervisor opens the devices' fds, so nothing is opened here.
 *
 * Any other call ends the process, in one of two ways:
 *   TRAP  what a bug of ours, or another libc, may call: SIGSYS, an Oops that names it (fault.c).
 *         Without rt_sigaction the signal's handler can't be replaced; the call isn't made.
 *   KILL  what only an attacker calls: no handler runs at all. The host's audit log names it.
 * No call that sends signals is permitted, not even to itself: fault.c says how we die.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/falloc.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "process.h"

#define TRAP	 SECCOMP_RET_TRAP
#define KILL	 SECCOMP_RET_KILL_PROCESS
#define VALUES	 3
#define CONDS	 2
#define PROG_MAX 512

/* The low half of an argument, masked, must be one of these values; else `bad`. The kernel ignores
 * the upper half of these arguments. */
struct cond {
	int arg, n;
	uint32_t mask, value[VALUES], bad;
};

struct rule {
	int call;
	bool device;  /* only if a device requests it: machine_seccomp_allow() */
	uint32_t end; /* the action if all conditions hold; 0: allow */
	struct cond cond[CONDS];
};

#define NOT_EXEC {.arg = 2, .n = 1, .mask = PROT_EXEC, .value = {0}, .bad = KILL}
#define ON_CTL	 {.arg = 0, .n = 1, .mask = ~0u, .value = {SD_CTL_FD}, .bad = KILL}

static const struct rule rules[] = {
	/* Calls without conditions cost nothing: the host keeps them in a bitmap. */
	{.call = SYS_write},
	{.call = SYS_writev},
	{.call = SYS_read},
	{.call = SYS_preadv2, .device = true},
	{.call = SYS_pwritev2, .device = true},
	{.call = SYS_preadv, .device = true},
	{.call = SYS_pwritev, .device = true},
	{.call = SYS_fdatasync, .device = true},
	{.call = SYS_sync_file_range, .device = true},
	{.call = SYS_sched_yield},
	{.call = SYS_getcpu},
	{.call = SYS_rt_sigreturn},
	{.call = SYS_restart_syscall},
	{.call = SYS_munmap},
	{.call = SYS_close},
	{.call = SYS_poll, .device = true},
	{.call = SYS_exit_group},
	/* No priority inheritance, no requeueing. */
	{.call = SYS_futex,
	 .cond = {{.arg = 1,
		   .n = 3,
		   .mask = ~(uint32_t)(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME),
		   .value = {FUTEX_WAIT, FUTEX_WAKE, FUTEX_WAIT_BITSET},
		   .bad = KILL}}},
	{.call = SYS_clock_gettime,
	 .cond = {{.arg = 0,
		   .n = 2,
		   .mask = ~0u,
		   .value = {CLOCK_REALTIME, CLOCK_MONOTONIC},
		   .bad = TRAP}}},
	/* Files that the supervisor sent, never anonymous memory: allocating would be a bug. */
	{.call = SYS_mmap,
	 .cond = {NOT_EXEC, {.arg = 3, .n = 1, .mask = ~0u, .value = {MAP_SHARED}, .bad = TRAP}}},
	{.call = SYS_mprotect, .end = TRAP, .cond = {NOT_EXEC}},
	{.call = SYS_sendmsg, .cond = {ON_CTL}},
	{.call = SYS_recvmsg, .cond = {ON_CTL}},
	{.call = SYS_fstat, .device = true},
	{.call = SYS_lseek,
	 .device = true,
	 .cond = {{.arg = 2, .n = 2, .mask = ~0u, .value = {SEEK_DATA, SEEK_HOLE}, .bad = KILL}}},
	{.call = SYS_fallocate,
	 .device = true,
	 /* Frees blocks. All other modes allocate some, with KEEP_SIZE even beyond the end, where
	  * RLIMIT_FSIZE doesn't apply. */
	 .cond = {{.arg = 1,
		   .n = 1,
		   .mask = ~0u,
		   .value = {FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE},
		   .bad = KILL}}},
};

/* KILL: exec and fork, other processes, sockets, the host's files, other interfaces of its kernel.
 */
static const int evil[] = {
	SYS_execve,
	SYS_execveat,
	SYS_fork,
	SYS_vfork,
	SYS_clone,
	SYS_clone3,
	SYS_ptrace,
	SYS_process_vm_readv,
	SYS_process_vm_writev,
	SYS_process_madvise,
	SYS_kcmp,
	SYS_pidfd_open,
	SYS_pidfd_getfd,
	SYS_pidfd_send_signal,
	SYS_kill,
	SYS_tkill,
	SYS_rt_sigqueueinfo,
	SYS_rt_tgsigqueueinfo,
	SYS_socket,
	SYS_socketpair,
	SYS_connect,
	SYS_bind,
	SYS_listen,
	SYS_accept,
	SYS_accept4,
	SYS_sendto,
	SYS_recvfrom,
	SYS_sendmmsg,
	SYS_recvmmsg,
	SYS_mount,
	SYS_umount2,
	SYS_pivot_root,
	SYS_chroot,
	SYS_unshare,
	SYS_setns,
	SYS_fsopen,
	SYS_open_tree,
	SYS_move_mount,
	SYS_mount_setattr,
	SYS_open_by_handle_at,
	SYS_memfd_create,
	SYS_memfd_secret,
	SYS_pkey_mprotect,
	SYS_setuid,
	SYS_setgid,
	SYS_setreuid,
	SYS_setregid,
	SYS_setresuid,
	SYS_setresgid,
	SYS_setgroups,
	SYS_setfsuid,
	SYS_setfsgid,
	SYS_capset,
	SYS_prctl,
	SYS_seccomp,
	SYS_personality,
	SYS_modify_ldt,
	SYS_arch_prctl,
	SYS_add_key,
	SYS_request_key,
	SYS_keyctl,
	SYS_bpf,
	SYS_perf_event_open,
	SYS_userfaultfd,
	SYS_io_uring_setup,
	SYS_io_uring_enter,
	SYS_io_uring_register,
	SYS_shmget,
	SYS_shmat,
	SYS_msgget,
	SYS_semget,
	SYS_mq_open,
	SYS_iopl,
	SYS_ioperm,
	SYS_init_module,
	SYS_finit_module,
	SYS_delete_module,
	SYS_kexec_load,
	SYS_kexec_file_load,
	SYS_reboot,
	SYS_syslog,
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool wanted[COUNT(rules)]; /* rules for devices that are present */

void machine_seccomp_allow(const int *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t r = 0;

		while (r < COUNT(rules) && (rules[r].call != calls[i] || !rules[r].device))
			r++;
		if (r == COUNT(rules))
			machine_die(
				"seccomp: a device needs call %d, of which seccomp.c has no rule for devices",
				calls[i]);
		wanted[r] = true;
	}
}

/*
 * Not dumpable: /proc/PID/mem, ptrace and process_vm_readv are for root only. For a core dump it
 * must be dumpable, even if its program can't be read (kdom's belts.c).
 */
void machine_privileges_drop(bool core)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		machine_die("no_new_privs: %s; the host kernel is too old", strerror(errno));
	if (syscall(SYS_capset, &head, none))
		machine_die("giving up capabilities: %s", strerror(errno));
	if (prctl(PR_SET_DUMPABLE, core, 0, 0, 0))
		machine_die("PR_SET_DUMPABLE: %s", strerror(errno));
}

/* The host writes a core file with our credentials. */
static int landlock_allow_core(int ruleset, uint64_t handled)
{
	struct {
		uint64_t files;
		int32_t parent;
	} __attribute__((packed)) rule = {
		/* write, read, make a regular file, truncate */
		.files = handled & (1 << 1 | 1 << 2 | 1 << 8 | 1 << 14),
		.parent = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC),
	};
	int err = 0;

	if (rule.parent < 0 || syscall(SYS_landlock_add_rule, ruleset, 1, &rule, 0))
		err = errno;
	if (rule.parent >= 0)
		close(rule.parent);
	return err;
}

/*
 * Denies file systems, TCP ports, and signals and abstract sockets beyond this process: what is
 * handled and has no rule is refused. Applies to this thread and those that it starts. Plain
 * numbers, so that older headers are sufficient. 0, or the errno that says why not.
 */
int machine_unlocked;

static int landlock_enter(bool core)
{
	static const uint64_t files[] = {0,	 0x1fff, 0x3fff, 0x7fff,
					 0x7fff, 0xffff, 0xffff}; /* access rights by ABI version */
	struct {
		uint64_t files, net, scoped;
	} attr = {0};
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
	int fd, err;

	if (abi < 1)
		return abi ? errno : ENOSYS;
	attr.files = files[abi < 6 ? abi : 6];
	attr.net = abi < 4 ? 0 : 3;
	attr.scoped = abi < 6 ? 0 : 3;
	fd = syscall(SYS_landlock_create_ruleset, &attr, abi < 4 ? 8 : abi < 6 ? 16 : 24, 0);
	if (fd < 0)
		return errno;
	err = core ? landlock_allow_core(fd, attr.files) : 0;
	if (!err)
		err = syscall(SYS_landlock_restrict_self, fd, 0) ? errno : 0;
	close(fd);
	return err;
}

void machine_landlock_enter(bool core)
{
	machine_unlocked = landlock_enter(core);
}

/* All threads are running: permits no further threads or processes. */
void machine_limits_last(void)
{
	if (setrlimit(RLIMIT_NPROC, &(struct rlimit){0, 0}))
		machine_die("RLIMIT_NPROC: %s", strerror(errno));
}

struct prog {
	struct sock_filter code[PROG_MAX];
	size_t n;
};

static void filter_add(struct prog *p, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
	if (p->n == PROG_MAX)
		machine_die("seccomp: more rules than PROG_MAX has room for");
	p->code[p->n++] = (struct sock_filter){.code = code, .jt = yes, .jf = no, .k = k};
}

static void filter_load(struct prog *p, size_t offset)
{
	filter_add(p, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

static void add_cond(struct prog *p, const struct cond *c)
{
	filter_load(p, offsetof(struct seccomp_data, args[c->arg]));
	filter_add(p, BPF_ALU | BPF_AND | BPF_K, c->mask, 0, 0);
	for (int i = 0; i < c->n; i++)
		filter_add(p, BPF_JMP | BPF_JEQ | BPF_K, c->value[i], c->n - i, 0);
	filter_add(p, BPF_RET | BPF_K, c->bad, 0, 0);
}

/* Every rule ends in a return, so the call's number is still loaded at the next one. */
static void add_rule(struct prog *p, const struct rule *r)
{
	size_t at = p->n;

	filter_add(p, BPF_JMP | BPF_JEQ | BPF_K, r->call, 0, 0);
	for (int i = 0; i < CONDS && r->cond[i].n; i++)
		add_cond(p, &r->cond[i]);
	filter_add(p, BPF_RET | BPF_K, r->end ? r->end : SECCOMP_RET_ALLOW, 0, 0);
	p->code[at].jf = p->n - at - 1;
}

void machine_seccomp_enter(void)
{
	static struct prog p;
	struct sock_fprog fprog = {.filter = p.code};

	filter_load(&p, offsetof(struct seccomp_data, arch));
	filter_add(&p, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
	filter_add(&p, BPF_RET | BPF_K, KILL, 0, 0);
	filter_load(&p, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < COUNT(rules); i++)
		if (!rules[i].device || wanted[i])
			add_rule(&p, &rules[i]);
	for (size_t i = 0; i < COUNT(evil); i++)
		add_rule(&p, &(struct rule){.call = evil[i], .end = KILL});
	filter_add(&p, BPF_RET | BPF_K, TRAP, 0, 0);
	fprog.len = p.n;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &fprog))
		machine_die("seccomp: %s; the host kernel needs CONFIG_SECCOMP_FILTER",
			    strerror(errno));
}
