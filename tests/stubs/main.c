// SPDX-License-Identifier: GPL-2.0
/*
 * main.c: stub tests, whatever the transport:
 * PROGRAM [--image=IMAGE] [--mutate=in|out] [--copies[=short]] [--record=FILE | --recorded=FILE]
 *         [CALL[/CASE] ...]
 * Prints a line a call and "N passed, N failed".
 */
#include "engine.h"
#include "recorded.h"

#include <fnmatch.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <sd/qp.h>

struct sd_qp backend_qp;
int st_mutate;
bool st_mutating;
static const char *const *want;
static int nwant;

void st_die(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "%s: ", engine_now[0] ? engine_now : backend_name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

long backend_call(const struct sd_stub *st, const u64 a[6])
{
	enum sd_status status;
	long ret = -EPROTO;

	status = st->stub(&backend_qp, &ret, a);
	if (status == SD_PROTO &&
	    st_mutate) { /* the stub itself detected the damage, an invalid result. The queue
			    pair can be used again */
		backend_qp.status = SD_OK;
		return -EPROTO;
	}
	if (status != SD_OK)
		st_die("%s: transport status %d", st->name, status);
	return ret;
}

static void hung(int sig)
{
	static const char text[] = "hangs: ";

	(void)sig;
	if (write(2, text, sizeof(text) - 1) < 0 || write(2, engine_now, strlen(engine_now)) < 0 ||
	    write(2, "\n", 1) < 0)
		_exit(4);
	_exit(3);
}

/* libc's syscall(), with -errno */
static long host_call(const struct sd_stub *st, const u64 a[6])
{
	long r;
	register u64 r10 __asm__("r10") = a[3];
	register u64 r8 __asm__("r8") = a[4];
	register u64 r9 __asm__("r9") = a[5];

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "0"((long)st->nr), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8),
			   "r"(r9)
			 : "rcx", "r11", "memory");
	return r;
}

struct side side_host = {.name = "host", .call = host_call};

const struct sd_stub *st_stub(unsigned int nr)
{
	for (u32 i = 0; i < st_suite.stubs->n; i++)
		if (st_suite.stubs->stub[i].nr == nr)
			return &st_suite.stubs->stub[i];
	return NULL;
}

long side_call(struct side *s, unsigned int nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	const u64 arg[6] = {a, b, c, d, e, f};
	const struct sd_stub *st = st_stub(nr);

	if (!st)
		st_die("the fixtures need call %u, which this domain has not", nr);
	return s->call(st, arg);
}

bool engine_wanted(const char *call, const char *name)
{
	size_t n = strlen(call);

	for (int i = 0; i < nwant; i++) {
		if (!strncmp(want[i], call, n) && !want[i][n])
			return true;
		if (name && !strncmp(want[i], call, n) && want[i][n] == '/' &&
		    !fnmatch(want[i] + n + 1, name, 0))
			return true;
	}
	return !nwant;
}

/* A call with data must detect their damage; other calls have none. */
void engine_mutated(const struct st_call *call, u32 noticed)
{
	static const char *const ways[] = {"", "in", "out", "short"};
	bool data = false;

	for (u32 i = 0; i < call->nparams; i++)
		data |= (st_mutate & 1 && call->param[i].in) ||
			(st_mutate & 2 && call->param[i].out);
	if (!data)
		return;
	printf("%-14s %s: %u cases noticed\n", call->name, ways[st_mutate], noticed);
	if (noticed)
		totals.passed++;
	else
		totals.failed++;
}

int stub_tests(int argc, char **argv)
{
	const char **names = calloc((size_t)argc, sizeof(*names));

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGURG, SIG_IGN);
	signal(SIGIO, SIG_IGN);
	signal(SIGALRM, hung);
	buffers_init();
	/* select() looks at no more bits than the table of descriptors has room for: on both sides
	 * more than any case says */
	if (dup2(2, 1000) == 1000)
		close(1000);
	for (int i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "--mutate=", 9))
			st_mutate = strcmp(argv[i] + 9, "in") ? 2 : 1;
		else if (!strncmp(argv[i], "--copies", 8)) {
			st_copies = true;
			if (!strcmp(argv[i] + 8, "=short"))
				st_mutate = ST_MUTATE_COPIES;
		} else if (!strncmp(argv[i], "--record=", 9)) {
			recorded_open(argv[i] + 9, true);
		} else if (!strncmp(argv[i], "--recorded=", 11)) {
			recorded_open(argv[i] + 11, false);
		} else if (argv[i][0] != '-')
			names[nwant++] = argv[i];
	}
	want = names;
	if ((st_copies || st_recording) && !backend_direct)
		st_die("--copies, --record: the kernel isn't in this program");
	backend_start(argc, argv);
	world_probe(&backend_domain);
	for (u32 i = 0; i < st_suite.ncalls; i++)
		engine_call(st_suite.call[i]);
	recorded_close();
	printf("stubs of %s over %s%s%s: %u passed, %u failed\n", st_suite.stubs->name,
	       backend_name,
	       st_recording  ? " of the unsliced kernel"
	       : st_recorded ? " beside the unsliced kernel"
			     : "",
	       st_mutate   ? " (damaged on purpose)"
	       : st_copies ? " (copies)"
			   : "",
	       totals.passed, totals.failed);
	return totals.failed || !totals.passed;
}
