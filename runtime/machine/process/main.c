// SPDX-License-Identifier: MIT
/*
 * A domain image's main(): the machine is this host process.
 *
 *   IMAGE [--mem=MB] [--dev=TYPE,key=value,...]... [--cmdline=TEXT] [--control] [--verbose] [--core]
 *         [--peers] [--boot-only | --self-test]
 *
 * --control: a supervisor holds the other end of fd 3 (sd/control.h) and gave the bell page as
 * fd 4. Without it the domain boots and idles, which only tests want. --peers: it may call other
 * domains. --core: it may dump core, where the host's limit lets it.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "process.h"
#include "sd/bell.h"
#include "sd/shadow.h"

#define RAM_ALIGN \
	(4UL << 20) /* the kernel's largest free block: its first page must lie on one   \
			       */
#define PAYLOAD_STACK (1UL << 20)
#define MEM_DEFAULT   64
#define MEM_MIN	      2
#define MEM_MAX	      65536

static struct sd_device devices[SD_DEVICES_MAX];
static char cmdline[512] = "loglevel=5 random.trust_bootloader=on";
static struct sd_boot boot = {
	.cmdline = cmdline,
	.devices = devices,
	.mode = SD_MODE_SERVE,
};
int sd_payload_argc;
int unlocked;
char **sd_payload_argv;
static const char *image = "image";
static long mem_mb = MEM_DEFAULT;

void die(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", image);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

bool dev_arg(const char *args, const char *key, char *buf, size_t size)
{
	size_t klen = strlen(key);

	for (const char *p = args; *p; p += strcspn(p, ","), p += *p == ',') {
		size_t len = strcspn(p, ",");

		if (len <= klen || strncmp(p, key, klen) || p[klen] != '=')
			continue;
		len -= klen + 1;
		if (len >= size)
			die("--dev: %s=: value longer than %zu bytes; shorten it", key, size - 1);
		memcpy(buf, p + klen + 1, len);
		buf[len] = 0;
		return true;
	}
	return false;
}

static long parse_num(const char *what, const char *text, long min, long max)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || end == text || *end || n < min || n > max)
		die("%s: '%s' is no number from %ld to %ld", what, text, min, max);
	return n;
}

long dev_arg_num(const char *args, const char *key)
{
	char text[24], what[48];

	if (!dev_arg(args, key, text, sizeof(text)))
		die("--dev: '%s' lacks %s=NUMBER", args, key);
	snprintf(what, sizeof(what), "--dev: %s", key);
	return parse_num(what, text, 0, INT32_MAX);
}

static void add_device(char *text)
{
	struct sd_device *dev = &devices[boot.ndevices];
	char *comma = strchr(text, ',');

	if (boot.ndevices == SD_DEVICES_MAX)
		die("--dev: more than %d devices", SD_DEVICES_MAX);
	if (!comma)
		die("--dev=%s: no arguments; write --dev=TYPE,key=value,...", text);
	*comma = 0;
	dev->type = text;
	dev->args = comma + 1;
	if (!strcmp(dev->type, "net"))
		net_open(dev, boot.ndevices);
	else if (!strcmp(dev->type, "block"))
		block_open(dev, boot.ndevices);
	else
		die("--dev=%s: no such device type here; known: net block", text);
	boot.ndevices++;
}

static void add_cmdline(const char *text)
{
	size_t len = strlen(cmdline);

	if (snprintf(cmdline + len, sizeof(cmdline) - len, " %s", text) >=
	    (int)(sizeof(cmdline) - len))
		die("--cmdline: longer than %zu bytes", sizeof(cmdline) - len - 2);
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
			mem_mb = parse_num("--mem", arg + 6, MEM_MIN, MEM_MAX);
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
			peers_allow();
		else if (!strcmp(arg, "--boot-only"))
			boot.mode = SD_MODE_BOOT_ONLY;
		else if (!strcmp(arg, "--self-test"))
			boot.mode = SD_MODE_SELF_TEST;
		else
			die("unknown argument '%s'; known: --mem=MB --dev=TYPE,... --cmdline=TEXT "
			    "--control --verbose --core --peers "
			    "--boot-only --self-test",
			    arg);
	}
}

static void *map(size_t size, int flags, int fd)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (p == MAP_FAILED)
		die("mapping %zu bytes: %s; give it less memory with --mem", size, strerror(errno));
	return p;
}

static void setup_ram(void)
{
	uintptr_t start;

	boot.ram_size = (uint64_t)mem_mb << 20;
	start = (uintptr_t)map(boot.ram_size + RAM_ALIGN,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
	start = (start + RAM_ALIGN - 1) & ~(RAM_ALIGN - 1);
	boot.ram = (void *)start;
	madvise(boot.ram, boot.ram_size,
		MADV_HUGEPAGE); /* only an advice: boots faster where it is taken */
}

extern const struct sd_shadow sd_shadow __attribute__((weak));

/* Of whole address spaces, so of no dump and of no huge pages. */
static void setup_shadow(void)
{
	void *at = (void *)sd_shadow.start;

	if (mmap(at, sd_shadow.size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0) != at)
		die("mapping %lu GiB at %p for the shadow of a debug build: %s; it needs that much address space (ulimit -v, "
		    "vm.overcommit_memory other than 2)",
		    sd_shadow.size >> 30, at, strerror(errno));
	madvise(at, sd_shadow.size, MADV_NOHUGEPAGE);
	madvise(at, sd_shadow.size, MADV_DONTDUMP);
}

static void setup_bell(void)
{
	boot.bell = map(4096, boot.serving ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS,
			boot.serving ? SD_BELL_FD : -1);
	boot.sleeping = vcpu_sleeping = &boot.bell->sleeping;
	vcpu_cpu = &boot.bell->cpu;
	if (boot.serving)
		close(SD_BELL_FD);
}

/* One bell fd per client. */
static void raise_fd_limit(void)
{
	struct rlimit lim;

	if (!getrlimit(RLIMIT_NOFILE, &lim)) {
		lim.rlim_cur = lim.rlim_max;
		setrlimit(RLIMIT_NOFILE, &lim);
	}
}

struct starting {
	void *(*fn)(void *);
	void *arg;
	sem_t runs;
};

static void *started(void *p)
{
	struct starting *s = p;
	void *(*fn)(void *) = s->fn;
	void *arg = s->arg;

	sem_post(&s->runs);
	return fn(arg);
}

int thread_start(void *(*fn)(void *), void *arg)
{
	struct starting s = {.fn = fn, .arg = arg};
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t most, old;
	int err;

	/* Faults stay unblocked: they must reach the handler that names them. */
	sigfillset(&most);
	sigdelset(&most, SIGSYS);
	sigdelset(&most, SIGSEGV);
	sigdelset(&most, SIGBUS);
	pthread_sigmask(SIG_SETMASK, &most, &old);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 128 << 10);
	sem_init(&s.runs, 0, 0);
	err = pthread_create(&thread, &attr, started, &s);
	/* libc's first calls in a thread (rseq, robust list) must be over before seccomp_enter().
	 */
	while (!err && sem_wait(&s.runs))
		;
	sem_destroy(&s.runs);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -err;
}

static int run_payload(void)
{
	int status = sd_payload();

	fflush(NULL); /* the machine halts by _exit() */
	return status;
}

/*
 * A payload is host code linked into the image: it gets the command line and keeps the process's
 * rights, since it calls the host as well (tests compare the two). Arguments before a "--" are
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
		(char *)map(PAYLOAD_STACK, MAP_PRIVATE | MAP_ANONYMOUS, -1) + PAYLOAD_STACK;
}

/* The supervisor starts images by fd, which leaves a number as the process's name. */
static void set_name(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	prctl(PR_SET_NAME, slash ? slash + 1 : argv0);
}

int main(int argc, char **argv)
{
	image = argv[0];
	set_name(image);
	if (sd_payload) {
		setup_payload(argc, argv);
	} else {
		bool core = has_arg(argc, argv, "--core");

		rights_drop(core);
		unlocked = landlock_enter(core);
		parse_args(argc, argv);
	}
	raise_fd_limit();
	setup_ram();
	if (&sd_shadow)
		setup_shadow();
	setup_bell();
	boot.share_max = shares_max();
	if (getrandom(boot.seed, sizeof(boot.seed), 0) != sizeof(boot.seed))
		die("getrandom: %s", strerror(errno));
	faults_init();
	for (int i = 0; i < boot.ndevices; i++)
		if (devices[i].ops->start)
			devices[i].ops->start(devices[i].host);
	if (boot.serving)
		ctl_start();
	if (!sd_payload) {
		limits_last();
		seccomp_enter();
	}
	sd_start(&boot);
}
