// SPDX-License-Identifier: GPL-2.0
/* The registries of linux/door.h, and who looks something up there. */
#include <linux/compiler.h>
#include <linux/door.h>
#include <linux/syscalls.h>

static const struct door *doors[8];
static const struct song *songs[8];
static int (*listeners[2])(int);

int register_door(const struct door *d) /* expect: kept */
{
	doors[d->number] = d;
	return 0;
}

int open_door(int number, int x) /* expect: kept */
{
	return doors[number] ? doors[number]->open(x) : -97;
}

int register_song(const struct song *s) /* expect: kept */
{
	songs[s->tune.title[0] & 7] = s;
	return 0;
}

int sing(int voice, const char *title) /* expect: kept */
{
	const struct song *s = songs[title[0] & 7];

	return s ? s->play() + voice : -97;
}

int register_listener(int (*fn)(int)) /* expect: kept */
{
	listeners[0] = fn;
	return 0;
}

int tell_listeners(int what) /* expect: kept */
{
	return listeners[0] ? listeners[0](what) : 0;
}

static int (*watcher)(int);

int register_watcher(int (*fn)(int)) /* expect: gone */
{
	watcher = fn;
	return 0;
}

int tell_watchers(int what) /* expect: kept */
{
	return watcher ? watcher(what) : 0;
}

static int song_of_door(int number) /* expect: kept */
{
	const char *const titles[] = {"reel", "jig"};

	return sing(1, titles[number & 1]) + tell_listeners(number) + tell_watchers(number);
}

SYSCALL_DEFINE1(door, int, number) /* expect: kept */
{
	return open_door(number, 1) + sing(0, "round(march,gigue)") + sing_header() +
	       song_of_door(number) + use_things(number);
}
