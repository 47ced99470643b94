// SPDX-License-Identifier: GPL-2.0
/* Its title is asked for, but only at run time: `keep` would have to name it. */
#include <linux/door.h>
#include <linux/init.h>

static int play_jig(void) /* expect: gone */
{
	return 6;
}

static const struct song jig = {.tune.title = "jig", .play = play_jig}; /* expect: gone */

static int jig_init(void) /* expect: gone */
{
	return register_song(&jig);
}
module_init(jig_init); /* expect: gone */
