// SPDX-License-Identifier: MIT
/*
 * main.c: a domain image's main(): the machine is this host process.
 *
 *   IMAGE [--mem=MB] [--dev=TYPE,key=value,...]... [--cmdline=TEXT] [--control] [--verbose]
 *         [--core] [--peers] [--transport=NAME] [--boot-only | --self-test]
 *
 * --control: a supervisor holds the other end of fd 3 (sd/control.h) and gave the wake-up page as
 * fd 4. Without it the domain boots and idles, which only tests need. --peers: it may call other
 * domains. --core: it may dump core, within the host's limit.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "process.h"
#include "sd/wake_page.h"
#include "sd/payload.h"
#include "sd/shadow.h"

/* The kernel's largest free block, to a multiple of which RAM must be aligned. */
#define RAM_ALIGN     (4UL << 20)
#define PAYLOAD_STACK (1UL << 20)
#define MEM_DEFAULT   64
#define MEM_MIN	      2
#define MEM_MAX	      65536

static struct sd_device devices[SD_DEVICES_MAX];
static char cmdline[512] = "loglevel=5 random.trust_bootloader=on";
static const struct sd_machine_ops ops = {
	.name = "process",
	.clock = machine_clock,
	.realtime = machine_realtime,
	.wait = machine_wait,
	.wake = machine_wake,
	.yield = machine_yield,
	.cpu = machine_cpu,
	.halt = machine_halt,
	.puts = machine_puts,
	.ready = machine_ready,
	.event = machine_event,
	.event_done = machine_event_done,
	.notify = machine_notify,
	.ended = machine_ended,
	.peer = machine_peer,
	.peer_done = machine_peer_done,
	.share_data = machine_share_data,
	.share_zero = machine_share_zero,
	.share_held = machine_share_held,
	.share_done = machine_share_done,
};
static struct sd_boot boot = {
	.machine = &ops,
	.cmdline = cmdline,
	.devices = devices,
	.mode = SD_MODE_SERVE,
};
int sd_payload_argc;
char **sd_payload_argv;
static long mem_mb = MEM_DEFAULT;

static void add_device(char *text)
{
	if (boot.ndevices == SD_DEVICES_MAX)
		machine_die("--dev: more than %d devices", SD_DEVICES_MAX);
	machine_device_open(&devices[boot.ndevices], boot.ndevices, text);
	boot.ndevices++;
}

static void add_cmdline(const char *text)
{
	size_t len = strlen(cmdline);

	if (snprintf(cmdline + len, sizeof(cmdline) - len, " %s", text) >=
	    (int)(sizeof(cmdline) - len))
		machine_die("--cmdline: longer than %zu bytes", sizeof(cmdline) - len - 2);
}

static bool has_arg(int argc, char **argv, const char *arg)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], arg))
			return true;
	return false;
}

static void parse_args(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		char *arg = argv[i];

		if (!strncmp(arg, "--mem=", 6))
			mem_mb = machine_parse_num("--mem", arg + 6, MEM_MIN, MEM_MAX);
		else if (!strncmp(arg, "--dev=", 6))
			add_device(arg + 6);
		else if (!strncmp(arg, "--cmdline=", 10))
			add_cmdline(arg + 10);
		else if (!strcmp(arg, "--verbose"))
			add_cmdline("loglevel=8");
		else if (!strcmp(arg, "--core"))
			; /* main() */
		else if (!strcmp(arg, "--control"))
			boot.serving = 1;
		else if (!strcmp(arg, "--peers"))
			machine_peers_allow();
		else if (!strncmp(arg, "--transport=", 12))
			boot.transport = arg + 12;
		else if (!strcmp(arg, "--boot-only"))
			boot.mode = SD_MODE_BOOT_ONLY;
		else if (!strcmp(arg, "--self-test"))
			boot.mode = SD_MODE_SELF_TEST;
		else
			machine_die(
				"unknown argument '%s'; known: --mem=MB --dev=TYPE,... --cmdline=TEXT "
				"--control --verbose --core --peers --transport=NAME "
				"--boot-only --self-test",
				arg);
	}
}

static void *map_memory(size_t size, int flags, int fd)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (p == MAP_FAILED)
		machine_die("mapping %zu bytes: %s; give it less memory with --mem", size,
			    strerror(errno));
	return p;
}

static void setup_ram(void)
{
	uintptr_t start;

	boot.ram_size = (uint64_t)mem_mb << 20;
	start = (uintptr_t)map_memory(boot.ram_size + RAM_ALIGN,
				      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
	start = (start + RAM_ALIGN - 1) & ~(RAM_ALIGN - 1);
	boot.ram = (void *)start;
	madvise(boot.ram, boot.ram_size,
		MADV_HUGEPAGE); /* only a hint: boots faster if the host follows it */
}

extern const struct sd_shadow sd_shadow __attribute__((weak));

/* Maps the shadow of a whole address space, so without core dump and huge pages. */
static void setup_shadow(void)
{
	void *at = (void *)sd_shadow.start;

	if (mmap(at, sd_shadow.size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0) != at)
		machine_die(
			"mapping %lu GiB at %p for the shadow of a debug build: %s; it needs that much address space (ulimit -v, "
			"vm.overcommit_memory other than 2)",
			sd_shadow.size >> 30, at, strerror(errno));
	madvise(at, sd_shadow.size, MADV_NOHUGEPAGE);
	madvise(at, sd_shadow.size, MADV_DONTDUMP);
}

static void setup_wake_page(void)
{
	boot.wake_page = map_memory(4096, boot.serving ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS,
				    boot.serving ? SD_WAKE_PAGE_FD : -1);
	boot.sleeping = machine_sleeping = &boot.wake_page->sleeping;
	machine_cpu_word = &boot.wake_page->cpu;
	if (boot.serving)
		close(SD_WAKE_PAGE_FD);
}

/* One notification eventfd per client. */
static void raise_fd_limit(void)
{
	struct rlimit lim;

	if (!getrlimit(RLIMIT_NOFILE, &lim)) {
		lim.rlim_cur = lim.rlim_max;
		setrlimit(RLIMIT_NOFILE, &lim);
	}
}

static int run_payload(void)
{
	int status = sd_payload();

	fflush(NULL); /* the machine halts by _exit() */
	return status;
}

/*
 * A payload is host code linked into the image: it gets the command line and keeps the process's
 * privileges, since it also calls the host (tests compare the two). Arguments before a "--" are
 * ours.
 */
static void setup_payload(int argc, char **argv)
{
	int ours = argc;

	while (ours > 1 && strcmp(argv[ours - 1], "--"))
		ours--;
	parse_args(ours - (ours > 1), argv);
	sd_payload_argc = argc;
	sd_payload_argv = argv;
	boot.mode = SD_MODE_PAYLOAD;
	boot.payload = run_payload;
	boot.payload_stack =
		(char *)map_memory(PAYLOAD_STACK, MAP_PRIVATE | MAP_ANONYMOUS, -1) + PAYLOAD_STACK;
}

/* The supervisor executes images by fd, which would leave a number as the process's name. */
static void set_name(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	prctl(PR_SET_NAME, slash ? slash + 1 : argv0);
}

int main(int argc, char **argv)
{
	machine_image = argv[0];
	set_name(machine_image);
	if (sd_payload) {
		setup_payload(argc, argv);
	} else {
		bool core = has_arg(argc, argv, "--core");

		machine_privileges_drop(core);
		machine_landlock_enter(core);
		parse_args(argc, argv);
	}
	raise_fd_limit();
	setup_ram();
	if (&sd_shadow)
		setup_shadow();
	setup_wake_page();
	boot.share_max = machine_shares_max();
	if (getrandom(boot.seed, sizeof(boot.seed), 0) != sizeof(boot.seed))
		machine_die("getrandom: %s", strerror(errno));
	machine_faults_init();
	for (int i = 0; i < boot.ndevices; i++)
		if (devices[i].ops && devices[i].ops->start)
			devices[i].ops->start(devices[i].host);
	if (boot.serving)
		machine_ctl_start();
	if (!sd_payload) {
		machine_limits_last();
		machine_seccomp_enter();
	}
	sd_start(&boot);
}
