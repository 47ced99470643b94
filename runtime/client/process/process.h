/* SPDX-License-Identifier: MIT */
/*
 * process.h: the room that makes, replaces and ends processes: clone and fork, exec with the state
 * that the hook keeps over it, loading an ELF file, and exit. It uses every room below.
 */
#ifndef SD_CLIENT_PROCESS_H
#define SD_CLIENT_PROCESS_H

#include "calls/calls.h"
#include "names/names.h"

/* clone.c */
enum sd_way sd_call_clone(struct sd_thread *t);
enum sd_way sd_call_clone3(struct sd_thread *t);
enum sd_way sd_call_fork(struct sd_thread *t);
enum sd_way sd_call_vfork(struct sd_thread *t);
enum sd_way sd_call_exit(struct sd_thread *t);

/* end.c */
/* The process is about to end; 0: no domain was notified, and the program may continue. */
int sd_files_exit(struct sd_thread *t);
enum sd_way sd_call_exit_group(struct sd_thread *t);

/* exec.c */
enum sd_way sd_call_execve(struct sd_thread *t);
enum sd_way sd_call_execveat(struct sd_thread *t);
/* t: NULL in a launcher that hasn't started a program. clear_fd: to be closed by the new one. */
long sd_exec(struct sd_thread *t, const char *path, const char *const *argv,
	     const char *const *envp, int clear_fd);

/* exec_state.c: channels and the fd map over exec */
long sd_state_save(struct sd_thread *t); /* an fd, -1: nothing to keep, or -errno */
void sd_state_undo(struct sd_thread *t, long fd);
void sd_state_load(struct sd_thread *t, s64 fd);

/* elf.c */
struct sd_image {
	u64 entry, base, phdr, phnum;
	int exec_stack;
	char interp[256];
};
int sd_elf_load(int fd, struct sd_image *img);

#endif
