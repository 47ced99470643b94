/* SPDX-License-Identifier: MIT */
/*
 * exec.c: execve of a program becomes execve of the launcher with the program's own argv, and the
 * path in the environment. The kernel's checks of the file (ENOENT, EACCES, ENOEXEC, "#!") are
 * made first, while the caller can still get the error. A program that gains privilege is executed
 * by the host unhooked, since its launcher wouldn't have the privilege. A program in a domain is
 * run from a copy in memory, and gains no privilege, as from a file system mounted nosuid.
 */
#include "process/process.h"
#include <linux/elf.h>

#define SHEBANG	 256
#define MAX_NEST 5

struct plan {
	char path[PATH_MAX + 32]; /* the ELF file in the end */
	char line[MAX_NEST][SHEBANG + 1];
	const char *arg[2 * MAX_NEST + 2]; /* what "#!" puts before argv[1], in order */
	int nargs;
	int unhooked, launcher;
	int clear_fd; /* a descriptor the launcher closes, or -1 */
	long mem;     /* the program in memory, if it is in a domain, or -1 */
	struct sd_place place;
	char place_buf[SD_NAME_ROOM], real[SD_NAME_ROOM];
	long state; /* sd_state_save()'s, or -1 */
	char state_env[40];
	char file_env[PATH_MAX + 64], name_env[PATH_MAX + 64], domains_env[PATH_MAX + 16];
	char trace_env[128];
	char real_env[PATH_MAX + 32];
	char head[PAGE];
	const char *vec[]; /* argv, NULL, envp, NULL */
};

static int gains_privilege(const char *path, const struct sd_stat *st)
{
	u32 uid = sys(__NR_geteuid), gid = sys(__NR_getegid);

	if ((st->mode & S_ISUID) && st->uid != uid)
		return 1;
	if ((st->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && st->gid != gid)
		return 1;
	return uid && sys(__NR_getxattr, path, "security.capability", 0, 0) > 0;
}

/* Whose file is it? 0: the host's, with p->path naming it; 1: a domain's; or -errno. */
static long exec_whose(struct sd_thread *t, struct plan *p)
{
	long err;

	p->place.dom = -1;
	if (!t || !sd_nprefix)
		return 0;
	if (strlen(p->path) >= PATH_MAX)
		return -ENAMETOOLONG;
	err = sd_where_named(t, AT_FDCWD, p->path, p->place_buf, &p->place);
	if (err)
		return err;
	if (p->place.dom < 0 && p->place.path)
		sd_stpcpy(p->path, p->place.path);
	return p->place.dom >= 0;
}

/* Looks at the file as execve would; fills head. */
static long exec_look(struct sd_thread *t, struct plan *p, u64 *len)
{
	struct sd_stat st;
	long fd, n = exec_whose(t, p);

	if (n)
		return n < 0 ? n
			     : sd_domfile_look(t, &p->place, p->path, p->head, sizeof(p->head),
					       len);
	fd = sys(__NR_open, p->path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return fd;
	n = sys(__NR_fstat, fd, &st);
	sys(__NR_close, fd);
	if (n)
		return n;
	if ((st.mode & S_IFMT) != S_IFREG)
		return -EACCES;
	n = sys(__NR_faccessat2, AT_FDCWD, p->path, X_OK, AT_EACCESS);
	if (n)
		return n;
	p->launcher = st.dev == sd_launcher_dev && st.ino == sd_launcher_ino;
	p->unhooked = p->launcher || gains_privilege(p->path, &st);
	if (p->unhooked && !p->launcher)
		sd_say(SD_LOG_INFO, p->path, "gains privilege, so it runs without the hook", NULL);
	if (p->unhooked)
		return 0;
	fd = sys(__NR_open, p->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		sd_say(SD_LOG_WARN, p->path,
		       "can be executed but not read, so it can't be run hooked", "chmod +r");
		return fd;
	}
	n = sys(__NR_pread64, fd, p->head, sizeof(p->head), 0);
	sys(__NR_close, fd);
	if (n < 0)
		return n;
	*len = n;
	return 0;
}

static int is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* "#! interpreter [argument]": the new path, and what is put before the script's own arguments. */
static int exec_shebang(struct plan *p, u64 len, int nest, const char *script)
{
	char *s = p->line[nest], *end, *arg;
	u64 n = len < SHEBANG ? len : SHEBANG;

	memcpy(s, p->head, n);
	s[n] = 0;
	for (end = s; *end && *end != '\n'; end++)
		;
	if (!*end && n == SHEBANG)
		end = s + SHEBANG - 1; /* cut off, as the kernel does */
	while (end > s && is_blank(end[-1]))
		end--;
	*end = 0;
	for (s += 2; is_blank(*s); s++)
		;
	if (!*s)
		return -ENOEXEC;
	for (arg = s; *arg && !is_blank(*arg); arg++)
		;
	if (*arg) {
		*arg++ = 0;
		while (is_blank(*arg))
			arg++;
	}
	/* Before the arguments of outer scripts: interpreter [arg] script, outermost last. */
	int add = *arg ? 3 : 2, old = p->nargs ? p->nargs - 1 : 0;

	memmove(p->arg + add, p->arg + 1, old * sizeof(p->arg[0]));
	p->arg[0] = s;
	if (*arg)
		p->arg[1] = arg;
	p->arg[add - 1] = script;
	p->nargs = add + old;
	if (strlen(s) >= PATH_MAX)
		return -ENAMETOOLONG;
	sd_stpcpy(p->path, s);
	return 0;
}

static int check_elf(const struct plan *p, u64 len)
{
	const Elf64_Ehdr *eh = (const void *)p->head;

	if (len < sizeof(*eh) || memcmp(eh->e_ident, ELFMAG, SELFMAG))
		return -ENOEXEC;
	if (eh->e_type != ET_EXEC && eh->e_type != ET_DYN)
		return -ENOEXEC;
	if (eh->e_ident[EI_CLASS] == ELFCLASS64 && eh->e_machine == EM_X86_64)
		return 0;
	sd_say(SD_LOG_WARN, p->path, "not an x86-64 program: it can't be run hooked", NULL);
	return -ENOEXEC;
}

/* p->path => the ELF file to load. Script names point into names[]. */
static long exec_resolve(struct sd_thread *t, struct plan *p, char (*names)[PATH_MAX + 32])
{
	u64 len = 0;

	for (int nest = 0; nest <= MAX_NEST; nest++) {
		if (sd_is_own_exe(p->path))
			sd_stpcpy(p->path, sd_exe_path);
		long err = exec_look(t, p, &len);

		if (err || p->unhooked)
			return err;
		if (len < 2 || p->head[0] != '#' || p->head[1] != '!')
			return check_elf(p, len);
		if (nest == MAX_NEST)
			break;
		sd_stpcpy(names[nest], p->path);
		err = exec_shebang(p, len, nest, names[nest]);
		if (err)
			return err;
	}
	return -ELOOP;
}

static long vector_count(const char *const *v)
{
	const char *s;
	long n = 0;

	if (!v)
		return 0;
	do {
		if (sd_copy_from_prog(&s, v + n, sizeof(s)))
			return -EFAULT;
		n++;
	} while (s);
	return n - 1;
}

static int env_is(const char *entry, const char *name)
{
	char buf[32];
	long n = sd_strncpy_raw(buf, entry, strlen(name));

	return n == (long)strlen(name) && !memcmp(buf, name, n);
}

static void build_env(struct plan *p, const char **out, const char *const *envp, long ne,
		      const char *name)
{
	int has_domains = 0;
	char *e;

	for (long i = 0; i < ne; i++) {
		if (env_is(envp[i], "KDOM_X_") ||
		    (sd_trace_path[0] && env_is(envp[i], "KDOM_TRACE=")))
			continue;
		has_domains |= env_is(envp[i], "KDOM_DOMAINS=");
		*out++ = envp[i];
	}
	if (!p->unhooked) {
		e = sd_stpcpy(p->file_env, "KDOM_X_EXEC=");
		if (p->mem >= 0)
			sd_utoa(sd_stpcpy(e, "/proc/self/fd/"), p->mem);
		else
			sd_stpcpy(e, p->path);
		*out++ = p->file_env;
		if (p->mem >= 0) {
			e = sd_utoa(sd_stpcpy(p->real_env, "KDOM_X_REAL="), p->mem);
			*e++ = ':';
			sd_stpcpy(e, p->real);
			*out++ = p->real_env;
		}
		if (p->nargs || p->mem >= 0) {
			sd_stpcpy(sd_stpcpy(p->name_env, "KDOM_X_NAME="), name);
			*out++ = p->name_env;
		}
		if (p->clear_fd >= 0) {
			e = sd_stpcpy(p->head, "KDOM_X_CLOSE=");
			sd_utoa(e, p->clear_fd);
			*out++ = p->head;
		}
	}
	if (!has_domains && sd_domains[0] && (!p->unhooked || p->launcher)) {
		sd_stpcpy(sd_stpcpy(p->domains_env, "KDOM_DOMAINS="), sd_domains);
		*out++ = p->domains_env;
	}
	if (sd_trace_path[0] && !p->unhooked) {
		sd_stpcpy(sd_stpcpy(p->trace_env, "KDOM_TRACE="), sd_trace_path);
		*out++ = p->trace_env;
	}
	*out = NULL;
}

/* Everything but the call: p->vec becomes argv and envp. Returns where envp starts, or -errno. */
static long exec_arrange(struct plan *p, const char *const *argv, long na, const char *const *envp,
			 long ne, const char *name)
{
	const char **out = p->vec;
	long skip = 0;

	if (p->nargs) {
		for (int i = 0; i < p->nargs; i++)
			*out++ = p->arg[i];
		skip = na ? 1 : 0;
	}
	for (long i = skip; i < na; i++)
		*out++ = argv[i];
	if (!na && !p->nargs)
		*out++ = "";
	*out++ = NULL;
	build_env(p, out, envp, ne, name);
	return out - p->vec;
}

static long exec_run(struct sd_thread *t, struct plan *p, long env_at)
{
	long err;

	if (t)
		sd_signals_for_exec(t, 0);
	err = sys(__NR_execve, p->unhooked ? p->path : "/proc/self/exe", p->vec, p->vec + env_at);
	if (t)
		sd_signals_for_exec(t, 1);
	return err;
}

/*
 * Other threads run until the host's execve ends them, or continue if it fails. The state that is
 * passed on must stay true until the call: in between no number gets another file, and no child or
 * channel is made.
 */
static long execute_held(struct sd_thread *t, struct plan *p, long env_at)
{
	const char **env = p->vec + env_at;
	long err;

	sd_aio_settle(t, 0, -1);
	sd_files_lock(t->files);
	p->state = p->unhooked ? -1 : sd_state_save(t);
	err = p->state < -1 ? p->state : 0;
	if (p->state >= 0) {
		while (*env)
			env++;
		sd_utoa(sd_stpcpy(p->state_env, "KDOM_X_STATE="), p->state);
		*env++ = p->state_env;
		*env = NULL;
	}
	err = err ?: exec_run(t, p, env_at);
	sd_state_undo(t, p->state);
	sd_unlock(&t->files->lock);
	return err;
}

/*
 * Executes path (in hook memory) with argv, envp of the program; doesn't return on success.
 * clear_fd: see struct plan. If the memory is shared with a vfork parent, that unmaps it.
 */
long sd_exec(struct sd_thread *t, const char *path, const char *const *argv,
	     const char *const *envp, int clear_fd)
{
	long na = vector_count(argv), ne = vector_count(envp), env_at, err;
	u64 names = (PATH_MAX + 32) * (MAX_NEST + 1);
	u64 len = sizeof(struct plan) + names;
	struct plan *p;

	if (na < 0 || ne < 0)
		return -EFAULT;
	len += (na + ne + 2 * MAX_NEST + 16) * sizeof(char *);
	err = sys(__NR_mmap, 0, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (err < 0)
		return err;
	p = (struct plan *)err;
	if (t) {
		t->exec_mem = (u64)p;
		t->exec_len = len;
	}
	char(*name)[PATH_MAX + 32] = (void *)((u8 *)p + len - names);

	p->clear_fd = clear_fd;
	sd_stpcpy(p->path, path);
	err = exec_resolve(t, p, name);
	p->mem = -1;
	if (!err && p->place.dom >= 0) {
		p->mem = sd_domfile_copy(t, &p->place, p->path, p->real);
		err = p->mem < 0 ? p->mem : 0;
	}
	p->state = -1;
	if (!err) {
		env_at = exec_arrange(p, argv, na, envp, ne, path);
		err = t && t->files ? execute_held(t, p, env_at) : exec_run(t, p, env_at);
	}
	if (p->mem >= 0)
		sys(__NR_close, p->mem);
	sys(__NR_munmap, p, len);
	if (t)
		t->exec_mem = 0;
	return err;
}

enum sd_way sd_call_execve(struct sd_thread *t)
{
	long n = sd_path_from_prog(t->path, (const char *)t->regs.rdi);

	if (n < 0)
		return sd_done(t, n);
	if (!n)
		return sd_done(t, -ENOENT);
	return sd_done(t, sd_exec(t, t->path, (void *)t->regs.rsi, (void *)t->regs.rdx, -1));
}

/* "path" relative to what dir names => t->path. */
static long path_prepend(struct sd_thread *t, const char *dir, u64 n)
{
	u64 len = strlen(dir);

	if (len + 1 + n >= PATH_MAX)
		return -ENAMETOOLONG;
	memmove(t->path + len + 1, t->path, n + 1);
	memcpy(t->path, dir, len);
	t->path[len] = n ? '/' : 0;
	return 0;
}

/* t->path is relative to a directory of a domain, or empty and dirfd is the file itself. */
static enum sd_way execveat_domain(struct sd_thread *t, struct sd_fd e, u64 n)
{
	char dir[SD_NAME_ROOM];
	long err = 0;

	if (sd_fd_chan(t, e, &err))
		err = sd_domain_path(t, e.dom, e.dfd, dir);
	if (err >= 0 && dir[0] != '/')
		err = -EACCES;
	if (err >= 0)
		err = path_prepend(t, dir, n);
	if (err < 0)
		return sd_done(t, err);
	return sd_done(t, sd_exec(t, t->path, (void *)t->regs.rdx, (void *)t->regs.r10, -1));
}

/* execveat(dirfd, path, argv, envp, flags): the file is named through /proc/self/fd. */
enum sd_way sd_call_execveat(struct sd_thread *t)
{
	s32 dirfd = t->regs.rdi;
	u32 flags = t->regs.r8;
	long fd = -1, n = sd_path_from_prog(t->path, (const char *)t->regs.rsi);
	struct sd_fd e = sd_fd_get(t, dirfd);
	char dir[32];

	if (n < 0)
		return sd_done(t, n);
	if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return sd_done(t, -EINVAL);
	if (!n && !(flags & AT_EMPTY_PATH))
		return sd_done(t, -ENOENT);
	if (t->path[0] != '/' && e.kind == SD_FD_DOMAIN && sd_has_prefix(e.dom))
		return execveat_domain(t, e, n);
	if (flags & AT_SYMLINK_NOFOLLOW) {
		struct sd_stat st;

		long err = sys(__NR_newfstatat, dirfd, t->path, &st, flags);
		if (err || (st.mode & S_IFMT) == S_IFLNK)
			return sd_done(t, err ?: -ELOOP);
	}
	if (t->path[0] != '/' && dirfd != AT_FDCWD) {
		fd = sys(__NR_fcntl, dirfd, F_DUPFD, 200);
		if (fd < 0)
			return sd_done(t, fd);
		sd_utoa(sd_stpcpy(dir, "/proc/self/fd/"), fd);
		if (path_prepend(t, dir, n)) {
			sys(__NR_close, fd);
			return sd_done(t, -ENAMETOOLONG);
		}
	}
	n = sd_exec(t, t->path, (void *)t->regs.rdx, (void *)t->regs.r10, fd);
	if (fd >= 0)
		sys(__NR_close, fd);
	return sd_done(t, n);
}
