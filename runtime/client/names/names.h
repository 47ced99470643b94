/* SPDX-License-Identifier: MIT */
/*
 * names.h: calls about files by name, with domains whose files lie below a path
 * (sd_domain_stubs.prefix).
 *
 * A domain has its files at the same path as the program sees them, so names go there as they are.
 * Which side a name belongs to is decided by its text: ".", ".." and "//" are folded; a relative
 * name belongs where its directory does, unless its ".." lead out again. Links are followed by
 * whoever the name was given to, and don't lead to the other side.
 *
 * A program whose current directory lies in a domain has it there (the domain's fs_struct); the
 * host's is a deleted, empty directory meanwhile.
 */
#ifndef SD_USER_PATHS_H
#define SD_USER_PATHS_H

#include "channel/channel.h"

#define SD_NAME_ROOM (PATH_MAX + 8) /* see sd_path_raw() */

/* Where a name leads. */
struct sd_place {
	s32 dom;	  /* the domain it lies in, or -1: the host */
	s32 dirfd;	  /* domain: what it is relative to there, a domain fd or AT_FDCWD */
	const char *path; /* to be given instead of the program's; NULL: that one as it is */
	int relative;	  /* domain: it rests on dirfd or the current directory */
};

/* resolve.c */
void sd_where_init(void);
extern u32 sd_nprefix;	 /* 0: no name is ever a domain's */
void sd_where_off(void); /* the program has another root now: no absolute name is a domain's */
int sd_where_is_off(void);
/* Does this absolute name, as it stands, lie in the domain? Eight bytes behind its end can be read.
 */
int sd_where_is_in(const char *abs, u32 dom);
/*
 * The place of the name at prog (the program's memory). follow: a link in the last place would be
 * followed, so /proc/self/fd/N stands for the file. buf: SD_NAME_ROOM bytes, used as long as *p.
 * 0 or -errno; what the host has to say about the pointer itself is left to it.
 */
long sd_where(struct sd_thread *t, s32 dirfd, u64 prog, int follow, char *buf, struct sd_place *p);
/* The same for a name in the hook's memory. */
long sd_where_named(struct sd_thread *t, s32 dirfd, const char *name, char *buf,
		    struct sd_place *p);
int sd_has_prefix(u32 dom);
/* "/proc/self/fd/3/x", "/dev/stdin", "/proc/self/cwd": AT_FDCWD or the fd; *rest: what follows. -1:
 * no such name */
s32 sd_fd_link(const char *path, const char **rest);
const char *
sd_own_proc(const char *path); /* "/proc/self/x", or what else it is called => "x"; NULL */

/* cwd.c */
/* Path of a domain's fd, or of the current directory there (AT_FDCWD): length or -errno. buf:
 * SD_NAME_ROOM */
long sd_domain_path(struct sd_thread *t, u32 dom, s32 dfd, char *buf);
void sd_domain_executed(struct sd_thread *t, u32 dom); /* the program was replaced by another */
s32 sd_cwd_domain(const struct sd_thread *t);	       /* -1: the host */
long sd_cwd_check(struct sd_thread *t);		       /* 0: that domain still has it */
enum sd_way sd_call_chdir(struct sd_thread *t);
enum sd_way sd_call_fchdir(struct sd_thread *t);
enum sd_way sd_call_getcwd(struct sd_thread *t);
enum sd_way sd_call_chroot(struct sd_thread *t);
long sd_empty_dir(void); /* an fd of a deleted directory, or -errno */

/* path_calls.c */
void sd_paths_init(void (*take)(u64 nr, sd_call_fn fn));
enum sd_way sd_call_paths(struct sd_thread *t);
/* bind, connect: the name of a local socket is one of the host's files */
enum sd_way sd_call_sockname(struct sd_thread *t);
enum sd_way
sd_call_under(struct sd_thread *t); /* dispatch.c: what would be done without domains of files */
/* A call of the domain by number, arguments its own. Not interrupted. -EOPNOTSUPP: it has none
 * such. */
long sd_domain_do(struct sd_thread *t, u32 dom, u64 nr, const u64 arg[6]);

/* calls/unsupported.c */
void sd_nostub_init(void (*take)(u64 nr, sd_call_fn fn));
/* An fd call that the fd's domain has no stub for: 0: the placeholder may answer it; else -errno.
 */
long sd_no_stub(u64 nr, u32 dom);

/* calls/mirrored.c */
void sd_also_init(void (*take)(u64 nr, sd_call_fn fn));
/* The first words on a new channel, with the files' lock held. */
void sd_also_introduce(struct sd_lane *l, u32 dom);

/* caps.c */
int sd_caps_change(u64 nr, const u64 arg[6]); /* may this call change them? */
void sd_caps_changed(struct sd_thread *t, u64 nr, const u64 arg[6]); /* it went well on the host */
void sd_caps_foreign(struct sd_thread *t); /* this process is of another user namespace now */
void sd_caps_introduce(struct sd_lane *l); /* a new channel */
void sd_caps_executed(struct sd_thread *t);
void sd_caps_init(void (*each)(u64 nr));

/* program.c: for exec. A place in a domain, and the name that has it. */
/* May it be executed? Then its first bytes, *len of them. 0 or -errno */
long sd_domfile_look(struct sd_thread *t, const struct sd_place *p, const char *name, char *head,
		     u64 room, u64 *len);
/* A memfd that holds it, or -errno; real: its path, SD_NAME_ROOM */
long sd_domfile_copy(struct sd_thread *t, const struct sd_place *p, const char *name, char *real);

#endif
