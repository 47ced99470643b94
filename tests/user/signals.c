// SPDX-License-Identifier: GPL-2.0
// signals.c: signals at every awkward place: in blocked calls with and without SA_RESTART, on the
// alternate stack, nested, with masks, in a storm over calls the hook takes over, with all
// registers checked.
#define _GNU_SOURCE
#include "check.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static volatile sig_atomic_t got[65];
static volatile int depth, max_depth;

static void count(int sig)
{
	got[sig]++;
}

static void on(int sig, void (*fn)(int), int flags)
{
	struct sigaction sa = {.sa_handler = fn, .sa_flags = flags};

	CHECK(sigaction(sig, &sa, NULL) == 0);
}

static void alarm_in(int us, int every)
{
	struct itimerval it = {{0, every}, {0, us}};

	setitimer(ITIMER_REAL, &it, NULL);
}

static void *writer(void *fd)
{
	usleep(60000);
	CHECK(write(*(int *)fd, "x", 1) == 1);
	return NULL;
}

static void eintr_and_restart(void)
{
	int p[2];
	char c;
	pthread_t t;
	sigset_t alrm, old;

	CHECK(pipe(p) == 0);
	on(SIGALRM, count, 0);
	got[SIGALRM] = 0;
	alarm_in(10000, 0);
	CHECK(read(p[0], &c, 1) == -1 && errno == EINTR);
	CHECK(got[SIGALRM] == 1);

	on(SIGALRM, count, SA_RESTART);
	sigemptyset(&alrm);
	sigaddset(&alrm, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alrm, &old); /* not in the writer */
	CHECK(pthread_create(&t, NULL, writer, &p[1]) == 0);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	alarm_in(10000, 0);
	CHECK(read(p[0], &c, 1) == 1 && c == 'x');
	CHECK(got[SIGALRM] == 2);
	pthread_join(t, NULL);

	struct pollfd pf = {p[0], POLLIN, 0};
	alarm_in(10000, 0);
	CHECK(poll(&pf, 1, -1) == -1 && errno == EINTR); /* never restarted */
	struct timespec ts = {5, 0}, left;
	alarm_in(10000, 0);
	CHECK(nanosleep(&ts, &left) == -1 && errno == EINTR && left.tv_sec == 4);
	close(p[0]);
	close(p[1]);
}

/* The mask of ppoll, pselect, epoll_pwait and sigsuspend, with every signal in it (SIGSYS too). */
static void waiting_masks(void)
{
	sigset_t all, but, old;
	struct timespec ts = {2, 0};

	sigfillset(&all);
	but = all;
	sigdelset(&but, SIGALRM);
	on(SIGALRM, count, 0);
	got[SIGALRM] = 0;
	CHECK(sigprocmask(SIG_SETMASK, &all, &old) == 0);
	alarm_in(1000, 0);
	usleep(5000);
	CHECK(got[SIGALRM] == 0);
	CHECK(sigsuspend(&but) == -1 && errno == EINTR && got[SIGALRM] == 1);
	alarm_in(1000, 0);
	CHECK(ppoll(NULL, 0, &ts, &but) == -1 && errno == EINTR && got[SIGALRM] == 2);
	alarm_in(1000, 0);
	CHECK(pselect(0, NULL, NULL, NULL, &ts, &but) == -1 && errno == EINTR && got[SIGALRM] == 3);
	int ep = epoll_create1(0);
	struct epoll_event ev;
	alarm_in(1000, 0);
	CHECK(epoll_pwait(ep, &ev, 1, 2000, &but) == -1 && errno == EINTR && got[SIGALRM] == 4);
	close(ep);
	int fd = signalfd(-1, &all, SFD_NONBLOCK);
	struct signalfd_siginfo si;
	raise(SIGUSR2);
	CHECK(read(fd, &si, sizeof(si)) == sizeof(si) && si.ssi_signo == SIGUSR2);
	close(fd);
	CHECK(sigprocmask(SIG_SETMASK, &old, &all) == 0);
	CHECK(sigismember(&all, SIGALRM) == 1 && sigismember(&all, SIGUSR1) == 1);
}

static void info(int sig, siginfo_t *si, void *uc)
{
	got[sig]++;
	CHECK(si->si_signo == sig && si->si_code == SI_QUEUE && si->si_value.sival_int == 4711);
	CHECK(si->si_pid == getpid());
}

static void siginfo_and_order(void)
{
	struct sigaction sa = {.sa_sigaction = info, .sa_flags = SA_SIGINFO}, old;
	union sigval v = {.sival_int = 4711};
	sigset_t s;

	CHECK(sigaction(SIGRTMIN + 1, &sa, NULL) == 0);
	CHECK(sigaction(SIGRTMIN + 1, NULL, &old) == 0);
	CHECK(old.sa_sigaction == info && (old.sa_flags & SA_SIGINFO));
	for (int i = 0; i < 5; i++)
		CHECK(sigqueue(getpid(), SIGRTMIN + 1, v) == 0);
	CHECK(got[SIGRTMIN + 1] == 5);
	sigemptyset(&s);
	sigaddset(&s, SIGRTMIN + 1);
	sigprocmask(SIG_BLOCK, &s, NULL);
	for (int i = 0; i < 5; i++)
		sigqueue(getpid(), SIGRTMIN + 1, v);
	CHECK(got[SIGRTMIN + 1] == 5);
	sigprocmask(SIG_UNBLOCK, &s, NULL);
	CHECK(got[SIGRTMIN + 1] == 10);
}

static void reset_and_ignore(void)
{
	struct sigaction sa;

	got[SIGUSR1] = 0;
	on(SIGUSR1, count, SA_RESETHAND);
	raise(SIGUSR1);
	CHECK(got[SIGUSR1] == 1);
	CHECK(sigaction(SIGUSR1, NULL, &sa) == 0 && sa.sa_handler == SIG_DFL);
	signal(SIGSEGV, SIG_IGN);
	raise(SIGSEGV);
	signal(SIGSEGV, SIG_DFL);
	signal(SIGSYS, count);
	got[SIGSYS] = 0;
	raise(SIGSYS);
	CHECK(got[SIGSYS] == 1);
	signal(SIGSYS, SIG_DFL);
	CHECK(sigaction(SIGKILL, &(struct sigaction){.sa_handler = count}, NULL) == -1 &&
	      errno == EINVAL);
	CHECK(sigaction(65, NULL, &sa) == -1 && errno == EINVAL);
}

static void nest(int sig)
{
	if (++depth > max_depth)
		max_depth = depth;
	if (depth < 5)
		kill(getpid(), sig == SIGUSR1 ? SIGUSR2 : SIGUSR1);
	getppid();
	depth--;
	got[sig]++;
}

static void nested(void)
{
	on(SIGUSR1, nest, SA_NODEFER);
	on(SIGUSR2, nest, SA_NODEFER);
	got[SIGUSR1] = got[SIGUSR2] = 0;
	raise(SIGUSR1);
	CHECK(max_depth == 5 && depth == 0 && got[SIGUSR1] == 3 && got[SIGUSR2] == 2);
}

/* ---- the alternate stack ---- */
static char alt[65536];
static sigjmp_buf env;

static int on_alt(void)
{
	char c;

	return &c >= alt && &c < alt + sizeof(alt);
}

static void inner(int sig)
{
	char fill[2048];

	memset(fill, 0x55, sizeof(fill));
	CHECK(on_alt());
	got[sig]++;
}

static void outer(int sig)
{
	volatile uint64_t mark[64];
	stack_t ss;

	for (int i = 0; i < 64; i++)
		mark[i] = 0x1234567890abcdefull;
	CHECK(on_alt());
	CHECK(sigaltstack(NULL, &ss) == 0 && (ss.ss_flags & SS_ONSTACK) && ss.ss_sp == alt);
	CHECK(sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL) == -1 && errno == EPERM);
	kill(getpid(), SIGUSR2); /* a call made here leaves the alternate stack for the hook's */
	for (int i = 0; i < 100; i++)
		sigaction(SIGUSR1, NULL, &(struct sigaction){0});
	for (int i = 0; i < 64; i++)
		CHECK(mark[i] == 0x1234567890abcdefull);
	got[sig]++;
}

static void overflow_handler(int sig)
{
	CHECK(on_alt());
	siglongjmp(env, 1);
}

static int overflow(int n)
{
	if (n < 0)
		return 0;
	volatile char b[4096];

	b[0] = n;
	return overflow(n + 1) + b[0];
}

static void alternate_stack(void)
{
	stack_t ss = {.ss_sp = alt, .ss_size = sizeof(alt)}, old;

	CHECK(sigaltstack(&ss, NULL) == 0);
	on(SIGUSR1, outer, SA_ONSTACK);
	on(SIGUSR2, inner, SA_ONSTACK);
	got[SIGUSR1] = got[SIGUSR2] = 0;
	for (int i = 0; i < 3; i++)
		raise(SIGUSR1);
	CHECK(got[SIGUSR1] == 3 && got[SIGUSR2] == 3);
	CHECK(sigaltstack(NULL, &old) == 0 && !(old.ss_flags & (SS_ONSTACK | SS_DISABLE)));
	on(SIGSEGV, overflow_handler, SA_ONSTACK);
	for (volatile int i = 0; i < 3; i++) /* left by longjmp: must work again */
		if (!sigsetjmp(env, 1))
			CHECK(overflow(0) == 0);
	CHECK(sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL) == 0);
	signal(SIGSEGV, SIG_DFL);
}

static void segv_fix(int sig, siginfo_t *si, void *ctx)
{
	ucontext_t *uc = ctx;

	got[sig]++;
	CHECK(si->si_addr == (void *)16);
	uc->uc_mcontext.gregs[REG_RIP] += 3; /* mov (%rax), %rbx */
	uc->uc_mcontext.gregs[REG_RBX] = 77;
}

static void own_faults(void)
{
	struct sigaction sa = {.sa_sigaction = segv_fix, .sa_flags = SA_SIGINFO};
	uint64_t rbx;

	sigaction(SIGSEGV, &sa, NULL);
	got[SIGSEGV] = 0;
	asm volatile("mov (%%rax), %%rbx" : "=b"(rbx) : "a"(16ul));
	CHECK(got[SIGSEGV] == 1 && rbx == 77);
	/* bad pointers in calls the hook reads itself: EFAULT, no handler */
	CHECK(syscall(SYS_rt_sigaction, SIGUSR1, (void *)16, NULL, 8) == -1 && errno == EFAULT);
	CHECK(syscall(SYS_rt_sigaction, SIGUSR1, NULL, (void *)16, 8) == -1 && errno == EFAULT);
	CHECK(open((char *)16, O_RDONLY) == -1 && errno == EFAULT);
	CHECK(readlink((char *)16, (char *)&rbx, 8) == -1 && errno == EFAULT);
	CHECK(syscall(SYS_execve, 16, 0, 0) == -1 && errno == EFAULT);
	CHECK(syscall(SYS_execve, "/bin/true", 16, 0) == -1 && errno == EFAULT);
	CHECK(syscall(SYS_rt_sigprocmask, SIG_SETMASK, (void *)16, NULL, 8) == -1 &&
	      errno == EFAULT);
	CHECK(syscall(SYS_clone3, (void *)16, 88) == -1 && errno == EFAULT);
	CHECK(got[SIGSEGV] == 1);
	signal(SIGSEGV, SIG_DFL);
}

/* Many signals during calls that the hook handles and calls it passes on; registers must
 * survive. */
static void storm(void)
{
	struct sigaction sa;

	on(SIGALRM, count, SA_RESTART);
	got[SIGALRM] = 0;
	alarm_in(100, 100);
	for (int i = 0; i < 400000 && got[SIGALRM] < 600; i++) {
		register uint64_t a10 asm("r10") = 8, a8 asm("r8") = 0x88, a9 asm("r9") = 0x99;
		long ret;
		uint64_t x12, x13, x14, x15;

		asm volatile("mov $0x1212, %%r12\n mov $0x1313, %%r13\n mov $0x1414, %%r14\n"
			     "mov $0x1515, %%r15\n mov $13, %%eax\n syscall\n"
			     "mov %%r12, %1\n mov %%r13, %2\n mov %%r14, %3\n mov %%r15, %4\n"
			     : "=a"(ret), "=m"(x12), "=m"(x13), "=m"(x14), "=m"(x15), "+r"(a10),
			       "+r"(a8), "+r"(a9)
			     : "D"(SIGUSR1), "S"(NULL), "d"(NULL)
			     : "rcx", "r11", "r12", "r13", "r14", "r15", "memory");
		if (ret || x12 != 0x1212 || x13 != 0x1313 || x14 != 0x1414 || x15 != 0x1515 ||
		    a10 != 8 || a8 != 0x88 || a9 != 0x99) {
			CHECK(!"registers");
			break;
		}
		CHECK(getppid() > 0);
		sigprocmask(SIG_BLOCK, NULL, NULL);
		if (sigaction(SIGALRM, NULL, &sa) || sa.sa_handler != count)
			CHECK(!"action");
		double d = i * 1.5;
		if (i % 64 == 0) {
			sigset_t full;
			sigfillset(&full);
			sigset_t old;
			sigprocmask(SIG_SETMASK, &full, &old);
			sigprocmask(SIG_SETMASK, &old, NULL);
		}
		asm volatile("" : "+x"(d));
		CHECK(d == i * 1.5);
	}
	alarm_in(0, 0);
	CHECK(got[SIGALRM] > 0);
}

static void *spin_calls(void *stop)
{
	struct sigaction sa;

	while (!*(volatile int *)stop)
		sigaction(SIGUSR1, NULL, &sa), getppid();
	return NULL;
}

/* Threads come and go, fork under fire, all while signals hit every one of them. */
static void threads_under_fire(void)
{
	int stop = 0, status;
	pthread_t t[4];

	on(SIGUSR1, count, SA_RESTART);
	for (int round = 0; round < 20; round++) {
		stop = 0;
		for (int i = 0; i < 4; i++)
			CHECK(pthread_create(&t[i], NULL, spin_calls, &stop) == 0);
		for (int i = 0; i < 400; i++)
			pthread_kill(t[i % 4], SIGUSR1);
		pid_t pid = fork();
		if (!pid)
			_exit(getppid() > 0 ? 17 : 1);
		CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 17);
		stop = 1;
		for (int i = 0; i < 4; i++)
			pthread_join(t[i], NULL);
	}
	CHECK(got[SIGUSR1] > 0);
}

static int died_of(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		fn();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

static void die_null(void)
{
	volatile uintptr_t at = 8;

	*(volatile int *)at = 1;
}
static void die_term(void)
{
	raise(SIGTERM);
}
static void die_segv(void)
{
	raise(SIGSEGV);
}
static void die_sys(void)
{
	raise(SIGSYS);
}
static void die_abort(void)
{
	abort();
}
static void die_blocked(void)
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGSEGV);
	sigprocmask(SIG_BLOCK, &s, NULL);
	die_null();
}

static void deaths(void)
{
	CHECK(died_of(die_null) == SIGSEGV);
	CHECK(died_of(die_term) == SIGTERM);
	CHECK(died_of(die_segv) == SIGSEGV);
	CHECK(died_of(die_sys) == SIGSYS);
	CHECK(died_of(die_abort) == SIGABRT);
	CHECK(died_of(die_blocked) == SIGSEGV);
}

int main(void)
{
	eintr_and_restart();
	waiting_masks();
	siginfo_and_order();
	reset_and_ignore();
	nested();
	alternate_stack();
	own_faults();
	storm();
	threads_under_fire();
	deaths();
	puts(check_failed ? "signals: FAILED" : "signals: ok");
	return check_failed;
}
