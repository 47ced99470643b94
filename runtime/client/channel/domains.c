/* SPDX-License-Identifier: MIT */
/*
 * domains.c: the domains that this program may use, and look-ups in their tables: the stub of a
 * call, whether a call is a domain's, and the result of a call about an open file without a stub.
 */
#include "channel/channel.h"

struct sd_domain sd_domain[SD_DOMAINS];
u32 sd_ndomains;

static const struct sd_domain_stubs *find_linked(const char *name, u64 len)
{
	for (u32 i = 0; sd_linked_domains[i]; i++)
		if (strlen(sd_linked_domains[i]->name) == len &&
		    !memcmp(sd_linked_domains[i]->name, name, len))
			return sd_linked_domains[i];
	return NULL;
}

static void add_domain(const char *name, u64 nlen, const char *path, u64 plen)
{
	struct sd_domain *d = &sd_domain[sd_ndomains];

	if (sd_ndomains == SD_DOMAINS)
		sd_die("KDOM_DOMAINS", "too many domains", "at most 4");
	d->stubs = find_linked(name, nlen);
	if (!d->stubs)
		sd_die("KDOM_DOMAINS", "names a domain this launcher has no stubs for",
		       "run `make`, which links the stubs of every domain in generated/; "
		       "if kslice was installed: `kslice build NAME`");
	if (plen >= sizeof(d->path))
		sd_die("KDOM_DOMAINS", "socket path too long", "107 bytes at most: set KDOM_DIR");
	memcpy(d->path, path, plen);
	for (u32 i = 0; i < d->stubs->n; i++)
		if (d->stubs->stub[i].nr < SD_NSYSCALLS)
			d->by_nr[d->stubs->stub[i].nr] = &d->stubs->stub[i];
	sd_ndomains++;
}

/* NAME=PATH[,NAME=PATH] */
void sd_domains_init(const char *env)
{
	const char *s = env, *eq, *end;

	while (*s) {
		for (eq = s; *eq && *eq != '=' && *eq != ','; eq++)
			;
		for (end = eq; *end && *end != ',' && *end != ';'; end++)
			;
		if (*eq != '=')
			sd_die("KDOM_DOMAINS", "is not NAME=/path/of/socket[,...]", env);
		add_domain(s, eq - s, eq + 1, end - eq - 1);
		s = *end ? end + 1 : end;
	}
}

const struct sd_stub *sd_stub_for(u32 dom, u64 nr)
{
	return nr < SD_NSYSCALLS ? sd_domain[dom].by_nr[nr] : NULL;
}

int sd_has_prefix(u32 dom)
{
	return sd_domain[dom].stubs->nprefix != 0;
}

const struct sd_stub *sd_mirror_stub(u32 dom, u64 nr, const u64 arg[6])
{
	const struct sd_stub *s = sd_stub_for(dom, nr);

	return s && s->route == SD_ROUTE_MIRRORED && sd_key_matches(s->key, arg) ? s : NULL;
}

bool sd_any_stub(u64 nr, u32 routes)
{
	for (u32 d = 0; d < sd_ndomains; d++) {
		const struct sd_stub *s = sd_stub_for(d, nr);

		if (s && routes >> s->route & 1)
			return true;
	}
	return false;
}

void sd_unsupported(u64 nr)
{
	static u8 said[SD_NSYSCALLS];
	char what[48];

	if (nr >= SD_NSYSCALLS || __atomic_exchange_n(&said[nr], 1, __ATOMIC_RELAXED))
		return;
	sd_utoa(sd_stpcpy(what, "system call "), nr);
	sd_say(SD_LOG_WARN, what, "not supported for a file of a domain, open or by name",
	       "the program sees EOPNOTSUPP or EINVAL");
}

/* ---- calls about an open file that its domain has no stub for ---- */
/*
 * For some calls the placeholder's answer is right: that of a domain with files is an empty
 * directory, so that calls on sockets, timers and the like get what Linux returns for a file; any
 * other is a socket. The rest is an error.
 */
enum {
	AS_SOCKET = 1, /* a socket's own answer is Linux' answer, mostly an error */
	BY_NAME = 2,   /* the fd is also a directory of names: see names/path_calls.c */
};

static const struct {
	u16 nr, how;
} fd_calls[] = {
	{__NR_read, 0},
	{__NR_write, 0},
	{__NR_readv, 0},
	{__NR_writev, 0},
	{__NR_fstat, AS_SOCKET},
	{__NR_newfstatat, AS_SOCKET | BY_NAME},
	{__NR_statx, AS_SOCKET | BY_NAME},
	{__NR_lseek, AS_SOCKET},
	{__NR_ioctl, 0},
	{__NR_pread64, AS_SOCKET},
	{__NR_pwrite64, AS_SOCKET},
	{__NR_preadv, AS_SOCKET},
	{__NR_pwritev, AS_SOCKET},
	{__NR_preadv2, 0},
	{__NR_pwritev2, 0},
	{__NR_flock, 0},
	{__NR_fsync, AS_SOCKET},
	{__NR_fdatasync, AS_SOCKET},
	{__NR_ftruncate, AS_SOCKET},
	{__NR_getdents, AS_SOCKET},
	{__NR_getdents64, AS_SOCKET},
	{__NR_fchdir, AS_SOCKET},
	{__NR_fchmod, 0},
	{__NR_fchown, 0},
	{__NR_fstatfs, AS_SOCKET},
	{__NR_readahead, AS_SOCKET},
	{__NR_fsetxattr, 0},
	{__NR_fgetxattr, AS_SOCKET},
	{__NR_flistxattr, AS_SOCKET},
	{__NR_fremovexattr, 0},
	{__NR_fadvise64, AS_SOCKET},
	{__NR_sync_file_range, AS_SOCKET},
	{__NR_fallocate, AS_SOCKET},
	{__NR_syncfs, 0},
	{__NR_finit_module, AS_SOCKET},
	{__NR_kexec_file_load, AS_SOCKET},
	{451 /* cachestat */, AS_SOCKET},
	{443 /* quotactl_fd */, AS_SOCKET},
};

static const u16 *fd_call_entry(u64 nr)
{
	for (u32 i = 0; i < sizeof(fd_calls) / sizeof(fd_calls[0]); i++)
		if (fd_calls[i].nr == nr)
			return &fd_calls[i].how;
	return NULL;
}

long sd_no_stub(u64 nr, u32 dom)
{
	const u16 *how = fd_call_entry(nr);

	if (sd_has_prefix(dom) ? !how : how && (*how & AS_SOCKET))
		return 0;
	if (nr == __NR_ioctl)
		return -ENOTTY; /* none that this file knows */
	sd_unsupported(nr);
	return -EOPNOTSUPP;
}

bool sd_needs_no_stub(u64 nr)
{
	const u16 *how = fd_call_entry(nr);

	if (!how || *how & BY_NAME)
		return false;
	for (u32 d = 0; d < sd_ndomains; d++)
		if (sd_has_prefix(d) || !(*how & AS_SOCKET))
			return true;
	return false;
}
