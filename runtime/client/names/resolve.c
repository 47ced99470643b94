/* SPDX-License-Identifier: MIT */
/* resolve.c: decides which side a name belongs to. See names.h. */
#include "names/names.h"

#define PREFIXES 8
#define REP(b)	 (0x0101010101010101ull * (b))

typedef u64 __attribute__((aligned(1), may_alias)) word;

struct prefix {
	u64 head, mask; /* its first bytes */
	const char *path;
	u32 len, dom;
};

static struct prefix prefix[PREFIXES];
u32 sd_nprefix;
static u32 off;

static void add_prefix(const char *path, u32 dom)
{
	struct prefix *p = &prefix[sd_nprefix];
	u32 n = strlen(path);

	if (sd_nprefix++ == PREFIXES)
		sd_die(path, "too many paths of domains", "use fewer domains in one program");
	*p = (struct prefix){.path = path, .len = n, .dom = dom};
	if (n > 8)
		n = 8;
	memcpy(&p->head, path, n);
	p->mask = n == 8 ? ~0ull : (1ull << 8 * n) - 1;
}

void sd_where_init(void)
{
	for (u32 d = 0; d < sd_ndomains; d++)
		for (u32 i = 0; i < sd_domain[d].stubs->nprefix; i++)
			add_prefix(sd_domain[d].stubs->prefix[i], d);
}

void sd_where_off(void)
{
	off = 1;
}

int sd_where_is_off(void)
{
	return off;
}

/* The domain an absolute name without "." and ".." belongs to, or -1. Eight bytes of abs can be
 * read. */
static s32 prefix_domain(const char *abs)
{
	s32 dom = -1;
	u32 len = 0;

	for (u32 i = 0; i < sd_nprefix; i++) {
		const struct prefix *p = &prefix[i];

		if (sd_likely((*(const word *)abs ^ p->head) & p->mask) || p->len <= len)
			continue;
		if (sd_starts(abs, p->path) && (!abs[p->len] || abs[p->len] == '/')) {
			dom = p->dom;
			len = p->len;
		}
	}
	return off ? -1 : dom;
}

static u64 zero_bytes(u64 w)
{
	return (w - REP(1)) & ~w & REP(0x80);
}

/*
 * Does it contain "//" or "/."? Then it must be folded; false positives are harmless. Eight bytes
 * at a time: '.' is 0x2e and '/' is 0x2f, so that with the lowest bit set each becomes '/'. It
 * looks for a slash followed by such a byte; carry is a slash in the last byte of the previous
 * word.
 */
static int may_need_folding(const char *s, u64 n)
{
	u64 carry = 0;

	for (u64 i = 0; i < n; i += 8) {
		u64 w = *(const word *)(s + i);
		u64 slash = zero_bytes(w ^ REP('/')), either = zero_bytes((w | REP(1)) ^ REP('/'));

		if ((slash << 8 | carry) & either)
			return 1;
		carry = slash >> 56;
	}
	return 0;
}

/* ---- folding ---- */
struct fold {
	char *out;
	u64 n;
	int left;  /* ".." led out of a domain */
	int above; /* ".." outside of any */
};

static u64 component_len(const char *s)
{
	u64 n = 0;

	while (s[n] && s[n] != '/')
		n++;
	return n;
}

/* The first component at or behind s and its length; NULL: there is none. */
static const char *component_at(const char *s, u64 *n)
{
	while (*s == '/')
		s++;
	*n = component_len(s);
	return *n ? s : NULL;
}

static int is_dot(const char *s, u64 n)
{
	return n == 1 && s[0] == '.';
}

static int is_dotdot(const char *s, u64 n)
{
	return n == 2 && s[0] == '.' && s[1] == '.';
}

int sd_where_is_in(const char *abs, u32 dom)
{
	const char *s = abs;
	u64 n;

	if (off)
		return 1;
	for (; (s = component_at(s, &n)); s += n)
		if (is_dot(s, n) || is_dotdot(s, n))
			return 0;
	return prefix_domain(abs) == (s32)dom;
}

static void fold_up(struct fold *f)
{
	int was = prefix_domain(f->out) >= 0;

	while (f->n && f->out[--f->n] != '/')
		;
	f->out[f->n] = 0;
	if (prefix_domain(f->out) >= 0)
		return;
	f->left |= was;
	f->above = 1;
}

static long fold_name(struct fold *f, const char *s)
{
	const char *last = s;
	u64 n;

	f->out[f->n] = 0;
	for (; (s = component_at(s, &n)); s += n) {
		last = s;
		if (is_dotdot(s, n)) {
			fold_up(f);
		} else if (!is_dot(s, n)) {
			if (f->n + n + 4 > PATH_MAX)
				return -ENAMETOOLONG;
			f->out[f->n++] = '/';
			memcpy(f->out + f->n, s, n);
			f->n += n;
			f->out[f->n] = 0;
		}
	}
	/* The end of a name matters: "f/" is a directory, and "d/." can't be removed. */
	n = component_len(last);
	if (!f->n || is_dot(last, n))
		sd_stpcpy(f->out + f->n, f->n ? "/." : "/");
	else if (last[n] == '/')
		sd_stpcpy(f->out + f->n, "/");
	return 0;
}

/* base (of domain `from`, -1: the host's; NULL: s is absolute) and s => *p, with out for its path.
 */
static long fold_place(const char *base, s32 from, const char *s, char *out, struct sd_place *p)
{
	struct fold f = {.out = out};
	long err;

	if (base && base[1]) {
		f.n = strlen(base);
		if (f.n >= PATH_MAX)
			return -ENAMETOOLONG;
		memcpy(out, base, f.n);
	}
	err = fold_name(&f, s);
	if (err)
		return err;
	p->dom = prefix_domain(out);
	p->path = out;
	if (p->dom < 0) {
		if (!f.left && from < 0)
			p->path = NULL;
		return 0;
	}
	if (!f.above && (!base || p->dom == from)) {
		p->path = NULL; /* the domain resolves it, with its links */
		return 0;
	}
	p->relative = 0;
	p->dirfd = AT_FDCWD;
	return 0;
}

/* ---- names with links that only this process has ---- */
/* What follows "/proc/self/", or an equivalent name; else NULL. */
const char *sd_own_proc(const char *path)
{
	const char *s = path + 6;

	if (!sd_starts(path, "/proc/"))
		return NULL;
	if (sd_starts(s, "self/"))
		s += 5;
	else if (sd_starts(s, "thread-self/"))
		return s + 12;
	else if (*s >= '1' && *s <= '9' && sd_atou(s) == (u64)sys(__NR_getpid) &&
		 s[component_len(s)] == '/')
		s += component_len(s) + 1;
	else
		return NULL;
	if (sd_starts(s, "task/"))
		s += 5 + component_len(s + 5) + 1;
	return s;
}

s32 sd_fd_link(const char *path, const char **rest)
{
	static const char *const std[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
	const char *s = sd_own_proc(path);
	s32 fd = AT_FDCWD;

	for (s32 i = 0; !s && i < 3; i++)
		if (sd_starts(path, std[i]) && !component_len(path + strlen(std[i]))) {
			*rest = path + strlen(std[i]);
			return i;
		}
	if (!s && sd_starts(path, "/dev/fd/"))
		s = path + 5;
	if (!s)
		return -1;
	if (sd_starts(s, "cwd")) {
		s += 3;
	} else if (sd_starts(s, "fd/") && s[3] >= '0' && s[3] <= '9' && component_len(s + 3) < 8) {
		fd = sd_atou(s + 3);
		for (s += 3; *s >= '0' && *s <= '9'; s++)
			;
	} else {
		return -1;
	}
	*rest = s;
	return *s && *s != '/' ? -1 : fd;
}

s32 sd_link_domain(struct sd_thread *t, s32 fd, s32 *dfd, long *err)
{
	struct sd_fd e;

	*err = 0;
	if (fd == AT_FDCWD) {
		*dfd = AT_FDCWD;
		if (sd_cwd_domain(t) >= 0)
			*err = sd_cwd_check(t);
		return sd_cwd_domain(t);
	}
	e = sd_fd_get(t, fd);
	if (e.kind != SD_FD_DOMAIN || !sd_has_prefix(e.dom))
		return -1;
	*dfd = e.dfd;
	sd_fd_chan(t, e, err);
	return e.dom;
}

/* *buf is such a name. If it is about something in a domain, that is where it leads. */
static long place_linked(struct sd_thread *t, int follow, char *buf, struct sd_place *p)
{
	char name[SD_NAME_ROOM];
	const char *rest;
	s32 fd = sd_fd_link(buf, &rest), dom, dfd;
	long n;

	if (follow && sd_is_own_exe(buf)) {
		dom = prefix_domain(sd_exe_path);
		if (dom >= 0)
			*p = (struct sd_place){dom, AT_FDCWD, sd_exe_path, 0};
		return 0;
	}
	if (fd == -1 || (!*rest && !follow))
		return 0;
	dom = sd_link_domain(t, fd, &dfd, &n);
	if (dom < 0 || n)
		return n;
	n = sd_domain_path(t, dom, dfd, name);
	if (n < 0 || name[0] != '/')
		return n < 0 ? n : 0; /* it has no name there */
	if (n + strlen(rest) >= PATH_MAX)
		return -ENAMETOOLONG;
	sd_stpcpy(name + n, rest);
	sd_stpcpy(buf, name);
	*p = (struct sd_place){dom, AT_FDCWD, buf, 0};
	return 0;
}

/* ---- relative names ---- */
/* Do its ".." lead above where it starts? */
static int name_rises(const char *s)
{
	s64 depth = 0;
	u64 n;

	for (; (s = component_at(s, &n)); s += n) {
		if (is_dotdot(s, n))
			depth--;
		else if (!is_dot(s, n))
			depth++;
		if (depth < 0)
			return 1;
	}
	return 0;
}

/* Could it lead below a prefix, from some directory of the host? Then it continues with a part
 * of one. */
static int may_reach(const char *s)
{
	u64 n;

	while ((s = component_at(s, &n)) && (is_dot(s, n) || is_dotdot(s, n)))
		s += n;
	for (u32 i = 0; s && i < sd_nprefix; i++)
		for (const char *p = prefix[i].path; *p; p += component_len(p)) {
			p++;
			if (component_len(p) == n && !memcmp(p, s, n))
				return 1;
		}
	return 0;
}

static int has_dotdot_inside(const char *s)
{
	int name = 0;
	u64 n;

	for (; (s = component_at(s, &n)); s += n) {
		if (is_dotdot(s, n) && name)
			return 1;
		name |= !is_dot(s, n) && !is_dotdot(s, n);
	}
	return 0;
}

/* The host's directory, as an absolute name; 0: it has none. */
static long host_dir(s32 dirfd, char *base)
{
	char link[32];
	long n;

	if (dirfd == AT_FDCWD) {
		n = sys(__NR_getcwd, base, PATH_MAX);
		return n > 0 && base[0] == '/' ? n : 0;
	}
	if (dirfd < 0)
		return 0;
	sd_utoa(sd_stpcpy(link, "/proc/self/fd/"), dirfd);
	n = sys(__NR_readlink, link, base, PATH_MAX - 1);
	if (n <= 0 || base[0] != '/')
		return 0;
	base[n] = 0;
	return n;
}

static long from_host(s32 dirfd, u64 n, char *buf, struct sd_place *p)
{
	char base[SD_NAME_ROOM], name[SD_NAME_ROOM];

	if (off || !host_dir(dirfd, base))
		return 0;
	memcpy(name, buf, n + 1);
	return fold_place(base, -1, name, buf, p);
}

static long from_domain(struct sd_thread *t, u64 n, char *buf, struct sd_place *p)
{
	char base[SD_NAME_ROOM], name[SD_NAME_ROOM];
	long err = sd_domain_path(t, p->dom, p->dirfd, base);

	if (err < 0 || base[0] != '/')
		return err < 0 ? err : 0;
	memcpy(name, buf, n + 1);
	return fold_place(base, p->dom, name, buf, p);
}

static long place_relative(struct sd_thread *t, s32 dirfd, u64 n, char *buf, struct sd_place *p)
{
	int plain = buf[0] != '.' && !may_need_folding(buf, n);
	long err = 0;

	if (dirfd == AT_FDCWD) {
		p->dom = sd_cwd_domain(t);
		if (p->dom >= 0)
			err = sd_cwd_check(t);
	} else {
		struct sd_fd e = sd_fd_get(t, dirfd);

		if (e.kind == SD_FD_HIDDEN)
			return -EBADF;
		if (e.kind == SD_FD_DOMAIN && sd_has_prefix(e.dom)) {
			p->dom = e.dom;
			p->dirfd = e.dfd;
			sd_fd_chan(t, e, &err);
		}
	}
	if (err)
		return err;
	if (p->dom < 0)
		return may_reach(buf) || (!plain && has_dotdot_inside(buf))
			       ? from_host(dirfd, n, buf, p)
			       : 0;
	p->relative = 1;
	return plain || !name_rises(buf) ? 0 : from_domain(t, n, buf, p);
}

static long place_absolute(struct sd_thread *t, u64 n, int follow, char *buf, struct sd_place *p)
{
	char name[SD_NAME_ROOM];
	long err;

	if (sd_unlikely(may_need_folding(buf, n))) {
		memcpy(name, buf, n + 1);
		err = fold_place(NULL, -1, name, buf, p);
		if (err || p->dom >= 0 || p->path)
			return err;
	} else {
		p->dom = prefix_domain(buf);
		if (p->dom >= 0)
			return 0;
	}
	if ((buf[1] == 'p' && sd_starts(buf, "/proc/")) ||
	    (buf[1] == 'd' && sd_starts(buf, "/dev/")))
		return place_linked(t, follow, buf, p);
	return 0;
}

static long place_name(struct sd_thread *t, s32 dirfd, u64 n, int follow, char *buf,
		       struct sd_place *p)
{
	return sd_likely(buf[0] == '/') ? place_absolute(t, n, follow, buf, p)
					: place_relative(t, dirfd, n, buf, p);
}

long sd_where(struct sd_thread *t, s32 dirfd, u64 prog, int follow, char *buf, struct sd_place *p)
{
	long n = prog ? sd_path_raw(buf, (const char *)prog, PATH_MAX) : 0;

	*p = (struct sd_place){.dom = -1, .dirfd = AT_FDCWD};
	if (n < 0 || n == PATH_MAX)
		return 0; /* EFAULT, ENAMETOOLONG: the same on any side */
	if (!prog)
		buf[0] = 0; /* the directory itself, where a call allows that */
	return place_name(t, dirfd, n, follow, buf, p);
}

long sd_where_named(struct sd_thread *t, s32 dirfd, const char *name, char *buf, struct sd_place *p)
{
	*p = (struct sd_place){.dom = -1, .dirfd = AT_FDCWD};
	sd_stpcpy(buf, name);
	return place_name(t, dirfd, strlen(name), 1, buf, p);
}
