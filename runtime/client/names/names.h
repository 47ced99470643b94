/* SPDX-License-Identifier: MIT */
/*
 * names.h: the room of calls about files by name, with domains whose files are below a path
 * (sd_domain_stubs.prefix). It uses the hook and the channel.
 *
 * A domain has its files at the same path as the program sees them, so names are passed on
 * unchanged. Which side a name belongs to is decided by its text: ".", ".." and "//" are folded; a
 * relative name belongs where its directory does, unless its ".." lead out again. Links are
 * followed by the kernel that gets the name, and don't lead to the other side.
 *
 * A program whose current directory is in a domain has it there (the domain's fs_struct); as long
 * as that is so, the host's is a deleted, empty directory.
 *
 * Functions of the type sd_call_fn are stages of a call (hook.h): SD_STAGE_NAMES, but for those of
 * self_exe.c.
 */
#ifndef SD_CLIENT_NAMES_H
#define SD_CLIENT_NAMES_H

#include "channel/channel.h"

#define SD_NAME_ROOM (PATH_MAX + 8) /* see sd_path_raw() */

/* What a name refers to. */
struct sd_place {
	s32 dom;	  /* the domain it is in, or -1: the host */
	s32 dirfd;	  /* domain: what it is relative to there, a domain fd or AT_FDCWD */
	const char *path; /* the path to use instead of the program's; NULL: the program's */
	int relative;	  /* domain: it is relative to dirfd or the current directory */
};

/* resolve.c */
void sd_where_init(void);
extern u32 sd_nprefix;	 /* 0: no name is ever a domain's */
void sd_where_off(void); /* the program has another root now: no absolute name is a domain's */
int sd_where_is_off(void);
/* Is this absolute name, as it is written, in the domain? Eight bytes behind its end can be read.
 */
int sd_where_is_in(const char *abs, u32 dom);
/*
 * The place of the name at prog (the program's memory). follow: a link in the last place would be
 * followed, so /proc/self/fd/N stands for the file. buf: SD_NAME_ROOM bytes, must live as long as
 * *p. 0 or -errno; errors of the pointer itself are left to the host.
 */
long sd_where(struct sd_thread *t, s32 dirfd, u64 prog, int follow, char *buf, struct sd_place *p);
/* The same for a name in the hook's memory. */
long sd_where_named(struct sd_thread *t, s32 dirfd, const char *name, char *buf,
		    struct sd_place *p);
/* "/proc/self/fd/3/x", "/dev/stdin", "/proc/self/cwd": AT_FDCWD or the fd; *rest: what follows. -1:
 * no such name */
s32 sd_fd_link(const char *path, const char **rest);
/* The domain that has the file which such a name (its fd, or AT_FDCWD) stands for, -1: none;
 * *dfd is its fd there. *err: the error of calls on it, 0: it can be used. */
s32 sd_link_domain(struct sd_thread *t, s32 fd, s32 *dfd, long *err);
const char *
sd_own_proc(const char *path); /* "/proc/self/x", or an equivalent name => "x"; else NULL */

/* cwd.c */
/* Path of a domain's fd, or of the current directory there (AT_FDCWD): length or -errno. buf:
 * SD_NAME_ROOM */
long sd_domain_path(struct sd_thread *t, u32 dom, s32 dfd, char *buf);
s32 sd_cwd_domain(const struct sd_thread *t); /* -1: the host */
long sd_cwd_check(struct sd_thread *t);	      /* 0: that domain still has it */
enum sd_way sd_call_chdir(struct sd_thread *t);
enum sd_way sd_call_fchdir(struct sd_thread *t);
enum sd_way sd_call_getcwd(struct sd_thread *t);
enum sd_way sd_call_chroot(struct sd_thread *t);

/* path_calls.c */
void sd_paths_init(void);    /* after sd_domains_init() */
bool sd_names_files(u64 nr); /* in its arguments, if some domain has files below a path */
enum sd_way sd_call_paths(struct sd_thread *t);
/* bind, connect: the name of a local socket is one of the host's files */
enum sd_way sd_call_sockname(struct sd_thread *t);

/* self_exe.c, of SD_STAGE_HOOK */
enum sd_way sd_call_path0(struct sd_thread *t); /* the path is argument 0 */
enum sd_way sd_call_path1(struct sd_thread *t); /* (dirfd, path, ...) */
enum sd_way sd_call_readlink(struct sd_thread *t);
enum sd_way sd_call_readlinkat(struct sd_thread *t);
int sd_is_own_exe(const char *path);

/* program.c: for exec. A place in a domain, and the name that has it. */
/* May it be executed? Then its first bytes, *len of them. 0 or -errno */
long sd_domfile_look(struct sd_thread *t, const struct sd_place *p, const char *name, char *head,
		     u64 room, u64 *len);
/* A memfd that holds it, or -errno; real: its path, SD_NAME_ROOM */
long sd_domfile_copy(struct sd_thread *t, const struct sd_place *p, const char *name, char *real);

#endif
