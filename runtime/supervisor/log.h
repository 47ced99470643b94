/* SPDX-License-Identifier: GPL-2.0 */
/*
 * log.h: messages for people. A command prints with say(), before a daemon exists. The daemon and
 * its domain write to NAME.log, which is the daemon's stderr: note() and its siblings write one
 * line with the time, at the level in their name. Lines above the level of log_set_level() aren't
 * written. Only the loop's thread writes, except note_warn() of threads.c's caller, which is the
 * loop, too.
 */
#ifndef KDOM_LOG_H
#define KDOM_LOG_H

#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG, LOG_LEVELS };

extern const char *const log_level_names[LOG_LEVELS];

/* "kdom: ..." on stderr. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Replaces fds 0, 1 and 2 by the daemon's: 0 is empty, 1 and 2 are this file, whose size is
 * bounded. 0 or -errno.
 */
int log_open(const char *path);
void log_set_level(enum log_level level);
/* Logs what a domain printed, after making it safe for terminals in place. */
void log_text(char *text, size_t n);
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define note_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define note_warn(...)	log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define note(...)	log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define note_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

uint64_t now_ms(void); /* CLOCK_MONOTONIC */

#endif
