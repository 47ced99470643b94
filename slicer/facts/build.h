/* SPDX-License-Identifier: GPL-2.0 */
/*
 * build.h: builds a struct facts piece by piece, and converts it to one relocatable block and back.
 *
 * A builder is filled one definition at a time: fb_def() opens one, additions belong to it until
 * fb_def_end() closes it. Pointers into the arrays are valid until the next add.
 */
#ifndef KSLICE_FACTS_BUILD_H
#define KSLICE_FACTS_BUILD_H

#include "facts/facts.h"
#include "base/util.h"

struct fb {
	struct strbuf str;
	struct strmap interned;
	struct strmap file_ids;
	VEC(struct fact_file) files;
	VEC(struct fact_def) defs;
	VEC(struct fact_ref) refs;
	VEC(struct fact_element) elements;
	VEC(struct fact_read) reads;
	VEC(struct fact_call) calls;
	VEC(struct fact_value) values;
};

void fb_init(struct fb *fb);
void fb_free(struct fb *fb);
fact_string fb_str(struct fb *fb, const char *s); /* NULL counts as "" */
uint32_t fb_file(struct fb *fb, const char *path, int header);
struct fact_def *fb_def(struct fb *fb);
struct fact_def *fb_def_end(struct fb *fb);
/* Adds all of src's definitions to fb (the pool's merge). */
void fb_merge(struct fb *fb, const struct facts *src);

/* The block; the caller frees it. */
void *fb_pack(const struct fb *fb, size_t *size);
/* Points f into a packed block. -1 if it is invalid (f is unchanged, nothing is printed). */
int facts_unpack(struct facts *f, void *block, size_t size);

#endif
