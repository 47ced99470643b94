/* SPDX-License-Identifier: MIT */
/*
 * launch.c: `kdom-launch PROG ARGS...`. The first launcher finds PROG in PATH and executes itself
 * with PROG's own argv, so that the kernel shows the right command line; the second one (and each
 * that replaces an execve) has KDOM_X_EXEC in its environment, loads that file, hides its own
 * variables, arms the hook and jumps.
 */
#include "dispatch.h"
#include "trace.h"
#include "process/process.h"
#include <linux/elf.h>
#include <linux/auxvec.h>

void sd_start(u64 *stack) __attribute__((noreturn)); /* by start.S */
extern Elf64_Dyn _DYNAMIC[] __attribute__((visibility("hidden")));

typedef struct {
	u64 a_type;
	struct {
		u64 a_val;
	} a_un;
} Elf64_auxv_t; /* the kernel's headers lack it */

struct start {
	u64 *stack; /* argc */
	u64 argc;
	char **argv, **envp;
	Elf64_auxv_t *aux;
	const char *file, *name;
	const char *real; /* "FD:PATH": the file is a copy of PATH in a domain */
	s64 clear_fd, state_fd;
};

static void relocate_self(void)
{
	u64 base = (u64)__executable_start, rela = 0, size = 0;

	for (Elf64_Dyn *d = _DYNAMIC; d->d_tag; d++) {
		if (d->d_tag == DT_RELA)
			rela = d->d_un.d_ptr + base;
		else if (d->d_tag == DT_RELASZ)
			size = d->d_un.d_val;
	}
	for (Elf64_Rela *r = (void *)rela; (u64)r < rela + size; r++)
		*(u64 *)(base + r->r_offset) = base + r->r_addend; /* all R_X86_64_RELATIVE */
}

static const char *env_value(const struct start *s, const char *name)
{
	for (char **e = s->envp; *e; e++)
		if (sd_starts(*e, name))
			return *e + strlen(name);
	return NULL;
}

static void parse_stack(struct start *s, u64 *stack)
{
	const char *v;

	s->stack = stack;
	s->argc = stack[0];
	s->argv = (char **)(stack + 1);
	s->envp = s->argv + s->argc + 1;
	char **e = s->envp;

	while (*e)
		e++;
	s->aux = (Elf64_auxv_t *)(e + 1);
	s->file = env_value(s, "KDOM_X_EXEC=");
	s->name = env_value(s, "KDOM_X_NAME=") ?: s->file;
	s->real = env_value(s, "KDOM_X_REAL=");
	v = env_value(s, "KDOM_X_CLOSE=");
	s->clear_fd = v ? (s64)sd_atou(v) : -1;
	v = env_value(s, "KDOM_X_STATE=");
	s->state_fd = v ? (s64)sd_atou(v) : -1;
	v = env_value(s, "KDOM_DOMAINS=");
	if (v && strlen(v) < sizeof(sd_domains))
		sd_stpcpy(sd_domains, v);
	v = env_value(
		s, "KDOM_LOG="); /* stays in the environment: the program's children have it, too */
	if (v && sd_log_set(v))
		sd_die("KDOM_LOG", "must be error, warn, info or debug", NULL);
	v = env_value(s, "KDOM_TRACE=");
	if (v && strlen(v) < sizeof(sd_trace_path))
		sd_stpcpy(sd_trace_path, v);
}

static Elf64_auxv_t *aux_find(const struct start *s, u64 type)
{
	Elf64_auxv_t *a;

	for (a = s->aux; a->a_type; a++)
		if (a->a_type == type)
			return a;
	return NULL;
}

static void set_aux(const struct start *s, u64 type, u64 val)
{
	Elf64_auxv_t *a = aux_find(s, type);

	if (a)
		a->a_un.a_val = val;
}

static const char *strerror_short(long err)
{
	switch (-err) {
	case ENOENT:
		return "not found";
	case EACCES:
		return "permission denied";
	case ENOEXEC:
		return "not a program the kernel could run";
	case ENOMEM:
		return "not enough memory, or its address range is taken";
	case EEXIST:
		return "its address range is taken";
	case ELOOP:
		return "too many links or interpreters";
	}
	return "can't be executed";
}

/* ---- the first launcher ---- */
/* The program itself may be in a domain: then this is needed to read it. */
static struct sd_thread *early_thread(void)
{
	struct sd_thread *t;

	sd_domains_init(sd_domains);
	sd_where_init();
	if (!sd_nprefix)
		return NULL;
	t = sd_thread_new();
	if (!t || !sd_files_of(t))
		sd_die("start", "not enough memory", NULL);
	sd_signals_init(t);
	return t;
}

static __attribute__((noreturn)) void find_and_exec(struct start *s)
{
	struct sd_thread *t = sd_domains[0] ? early_thread() : NULL;
	static char path[PATH_MAX];
	const char *prog = s->argc > 1 ? s->argv[1] : NULL, *dirs = env_value(s, "PATH=");
	long err = -ENOENT;
	int slash = 0;

	if (!prog) {
		sd_say(SD_LOG_ERROR, "usage", "kdom-launch PROGRAM [ARGUMENT...]", NULL);
		sys(__NR_exit_group, 2);
	}
	for (const char *c = prog; *c; c++)
		slash |= *c == '/';
	if (slash && strlen(prog) < sizeof(path)) {
		sd_stpcpy(path, prog);
		err = sd_exec(t, path, (const char **)s->argv + 1, (const char **)s->envp, -1);
	}
	for (const char *d = slash ? NULL : dirs ?: "/usr/local/bin:/bin:/usr/bin"; d;) {
		char *p = path;

		while (*d && *d != ':' && p < path + PATH_MAX - 300)
			*p++ = *d++;
		if (p > path)
			*p++ = '/';
		if (strlen(prog) < 256) {
			sd_stpcpy(p, prog);
			long r = sd_exec(t, path, (const char **)s->argv + 1,
					 (const char **)s->envp, -1);

			if (err == -ENOENT || r == -ENOEXEC)
				err = r;
		}
		d = *d == ':' ? d + 1 : NULL;
	}
	sd_say(SD_LOG_ERROR, prog, strerror_short(err), NULL);
	sys(__NR_exit_group, err == -ENOENT ? 127 : 126);
	__builtin_unreachable();
}

/* ---- the second ---- */
static void launch_fail(const struct start *s, const char *what, long err)
{
	sd_die(what, strerror_short(err), s->file);
}

/* Drops KDOM_X_* and moves argc, argv, envp, auxv up to their new end; returns the new stack. */
static u64 *tidy_stack(struct start *s)
{
	u64 *end = (u64 *)s->aux, *from, *to;
	char **out = s->envp;
	u64 n, dropped = 0;

	for (char **e = s->envp; *e; e++) {
		if (sd_starts(*e, "KDOM_X_") || sd_starts(*e, "KDOM_DOMAINS=") ||
		    sd_starts(*e, "KDOM_TRACE="))
			dropped++;
		else
			*out++ = *e;
	}
	*out = NULL;
	if (dropped & 1) { /* the stack stays 16-byte aligned: the vector moves down by one */
		u64 words = 0;

		while (end[words] || words % 2)
			words += words % 2 ? 1 : 2;
		words += 2;
		memmove(end - 1, end, words * 8);
		s->aux = (Elf64_auxv_t *)(end - 1);
		dropped--;
	}
	n = (u64 *)out + 1 - s->stack;
	from = s->stack;
	to = s->stack + dropped;
	memmove(to, from, n * 8);
	return to;
}

static void set_comm(const char *name)
{
	const char *base = name;

	for (const char *c = name; *c; c++)
		if (*c == '/' && c[1])
			base = c + 1;
	sys(__NR_prctl, PR_SET_NAME, base);
}

static u64 load_program(struct start *s)
{
	struct sd_image img, interp;
	char link[32];
	u64 entry, base = 0;
	long fd = sys(__NR_open, s->file, O_RDONLY | O_CLOEXEC), n;

	if (fd < 0)
		launch_fail(s, s->file, fd);
	sd_utoa(sd_stpcpy(link, "/proc/self/fd/"), fd);
	n = sys(__NR_readlink, link, sd_exe_path, sizeof(sd_exe_path) - 1);
	if (n < 0)
		sd_die("/proc/self/fd", "can't be read", "mount /proc");
	sd_exe_path[n] = 0;
	if (s->real && strlen(s->real) < sizeof(sd_exe_path)) {
		sys(__NR_close, sd_atou(s->real));
		while (*s->real && *s->real++ != ':')
			;
		sd_stpcpy(sd_exe_path, s->real);
	}
	n = sd_elf_load(fd, &img);
	sys(__NR_close, fd);
	if (n)
		launch_fail(s, s->file, n);
	entry = img.entry;
	if (img.interp[0]) {
		fd = sys(__NR_open, img.interp, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? fd : sd_elf_load(fd, &interp);
		if (n)
			launch_fail(s, img.interp, n);
		sys(__NR_close, fd);
		entry = interp.entry;
		base = interp.base;
	}
	if (img.exec_stack)
		sys(__NR_mprotect, (u64)s->stack & ~(PAGE - 1), PAGE,
		    PROT_READ | PROT_WRITE | PROT_EXEC | PROT_GROWSDOWN);
	set_aux(s, AT_PHDR, img.phdr);
	set_aux(s, AT_PHNUM, img.phnum);
	set_aux(s, AT_BASE, base);
	set_aux(s, AT_ENTRY, img.entry);
	set_aux(s, AT_EXECFN, (u64)s->name);
	return entry;
}

static void own_file(void)
{
	struct sd_stat st;

	if (sys(__NR_stat, "/proc/self/exe", &st))
		sd_die("/proc/self/exe", "can't be read", "mount /proc");
	sd_launcher_dev = st.dev;
	sd_launcher_ino = st.ino;
}

void sd_start(u64 *stack)
{
	struct start s;
	struct sd_thread *t;

	relocate_self();
	parse_stack(&s, stack);
	own_file();
	if (!s.file)
		find_and_exec(&s);
	if (s.clear_fd >= 0)
		set_comm(s.name);
	u64 entry = load_program(&s);
	Elf64_auxv_t *v = aux_find(&s, AT_SYSINFO_EHDR);

	sd_vdso = v ? v->a_un.a_val : 0;
	set_comm(s.name);
	if (s.clear_fd >= 0)
		sys(__NR_close, s.clear_fd);
	stack = tidy_stack(&s);
	t = sd_thread_new();
	if (!t)
		sd_die("start", "not enough memory", NULL);
	sd_domains_init(sd_domains);
	if (sd_ndomains && !sd_files_of(t))
		sd_die("start", "not enough memory", NULL);
	sd_dispatch_init();
	sd_trace_init(t);
	sd_signals_init(t);
	if (sd_signals_install(t) || sd_arm(t))
		sd_die("prctl(PR_SET_SYSCALL_USER_DISPATCH)", "refused by this kernel",
		       "Linux 5.11 or later with CONFIG_GENERIC_ENTRY, and no seccomp filter "
		       "against it");
	if (s.state_fd >= 0)
		sd_state_load(t, s.state_fd);
	sd_jump(entry, (u64)stack);
}
