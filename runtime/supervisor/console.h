/* SPDX-License-Identifier: GPL-2.0 */
/* console.h: the domain's console output, see console.c. */
#ifndef KDOM_CONSOLE_H
#define KDOM_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop.h"

struct console {
	struct source src; /* our end of the pipe */
	struct loop *loop;
	size_t room;	    /* bytes that may be read before reading pauses */
	uint64_t resume_at; /* now_ms(); 0: not paused */
	bool paused;	    /* was paused at least once; only the first time is logged */
	int image_fd;	    /* read by symbols.c */
	char line[256];	    /* beginning of the unfinished line */
	size_t line_len;
};

int console_make(struct console *c, struct loop *l, int image_fd); /* the domain's end, or -errno */
void console_timer(struct console *c); /* after resume_at at the latest */
/* The domain has ended: logs the rest of the pipe and closes it. */
void console_end(struct console *c);

#endif
