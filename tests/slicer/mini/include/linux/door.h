/* SPDX-License-Identifier: GPL-2.0 */
/* Registries: doors by a number, songs by a title, listeners by nothing. */
#ifndef _LINUX_DOOR_H
#define _LINUX_DOOR_H

enum { DOOR_FRONT = 3 };
#define DOOR_SIDE 5
#define DOOR_BACK 6

struct door {
	int number;
	int (*open)(int);
};

struct tune {
	const char *title;
};

struct song {
	struct tune tune;
	int (*play)(void);
};

int register_door(const struct door *d);
int open_door(int number, int x);
int register_song(const struct song *s);
int sing(int voice, const char *title);
int register_listener(int (*fn)(int));
int tell_listeners(int what);
int register_watcher(int (*fn)(int));
int tell_watchers(int what);
int front_door_setup(void);
int use_things(int x);

/* A header asks by a constant, too. */
static inline int sing_header(void)
{
	return sing(2, "anthem");
}

#endif
