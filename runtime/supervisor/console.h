/* SPDX-License-Identifier: GPL-2.0 */
/* console.h: what the domain prints, see console.c. */
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
	uint64_t resume_at; /* now_ms(), 0: it isn't paused */
	bool paused;	    /* once at least; logged the first time */
	int image_fd;	    /* what symbols.c reads */
	char line[256];	    /* the line that isn't finished yet: its beginning */
	size_t line_len;
};

int console_make(struct console *c, struct loop *l, int image_fd); /* the domain's end, or -errno */
void console_timer(struct console *c); /* after resume_at at the latest */
/* The domain has ended: what is left in the pipe is logged, and the pipe closed. */
void console_end(struct console *c);

#endif
