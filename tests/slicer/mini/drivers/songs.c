// SPDX-License-Identifier: GPL-2.0
/* A word of a title that kept code asks for. */
#include <linux/door.h>
#include <linux/init.h>

static int play_march(void) /* expect: kept */
{
	return 4;
}

static const struct song march = {.tune.title = "march", .play = play_march}; /* expect: kept */

static int songs_init(void) /* expect: kept */
{
	return register_song(&march);
}
module_init(songs_init); /* expect: kept */
