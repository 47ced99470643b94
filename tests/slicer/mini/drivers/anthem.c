// SPDX-License-Identifier: GPL-2.0
/* What a header asks for: by an array of pointers. */
#include <linux/door.h>
#include <linux/init.h>

static int play_anthem(void) /* expect: kept */
{
	return 5;
}

static const struct song anthem = {.tune = {"anthem"}, .play = play_anthem}; /* expect: kept */
static const struct song *const all[] = {&anthem};			     /* expect: kept */

static int anthem_init(void) /* expect: kept */
{
	return register_song(all[0]);
}
module_init(anthem_init); /* expect: kept */
