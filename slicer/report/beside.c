// SPDX-License-Identifier: GPL-2.0
/*
 * beside.c: model => figures of its image, of the unsliced one and of another kernel, side by side.
 * An image is measured as it runs, with the machine's code that is linked to it.
 */
#include "report/image.h"
#include "report/model.h"
#include <stdlib.h>
#include <unistd.h>

static json_int_t calls_of(const struct model *m, const char *side)
{
	return json_integer_value(json_object_get(json_object_get(m->manifest, side), "calls"));
}

/* An image that isn't built is left out. */
static int add_own(const struct model *m, bool whole, image_row *row, void *arg)
{
	const char *suffix = whole ? "-whole" : "";
	char *path = xasprintf("%s%s/%s%s.image", m->outdir, suffix, m->name, suffix);
	char *what = xasprintf("%s, %s", m->name, whole ? "unsliced" : "this slice");
	struct image im;
	const char *bad = NULL;

	if (!access(path, F_OK)) {
		bad = image_measure(&im, path);
		im.calls = calls_of(m, whole ? "whole" : "kept");
		if (bad)
			err(path, "build it again", "%s", bad);
		else
			row(arg, what, &im);
	}
	free(what);
	free(path);
	return bad ? -1 : 0;
}

int model_images(const struct model *m, const char *beside, image_row *row, void *arg)
{
	struct image im;
	const char *bad;

	if (add_own(m, false, row, arg) || (m->has_whole && add_own(m, true, row, arg)))
		return -1;
	if (!beside)
		return 0;
	bad = image_measure(&im, beside);
	if (bad)
		return err(beside, "give --beside an ELF kernel or a bzImage, as /boot/vmlinuz-*",
			   "%s", bad);
	row(arg, beside, &im);
	return 0;
}
