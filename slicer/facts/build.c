// SPDX-License-Identifier: GPL-2.0
/* build.c: definitions, refs, elements ... => one relocatable block => struct facts. */
#include "facts/build.h"

#include <stdlib.h>

#define FACTS_MAGIC 0x4b53464143543031ull /* "KSFACT01" */

enum { A_STR, A_FILES, A_DEFS, A_REFS, A_ELEMS, A_READS, A_CALLS, A_VALUES, A_N };

static const uint32_t item_size[A_N] = {
	1,
	sizeof(struct fact_file),
	sizeof(struct fact_def),
	sizeof(struct fact_ref),
	sizeof(struct fact_element),
	sizeof(struct fact_read),
	sizeof(struct fact_call),
	sizeof(struct fact_value),
};

struct block_head {
	uint64_t magic;
	uint64_t size;
	uint32_t count[A_N];
};

void fb_init(struct fb *fb)
{
	memset(fb, 0, sizeof(*fb));
	sb_add(&fb->str, "", 1);
}

void fb_free(struct fb *fb)
{
	sb_free(&fb->str);
	strmap_free(&fb->interned);
	strmap_free(&fb->file_ids);
	free(fb->files.a);
	free(fb->defs.a);
	free(fb->refs.a);
	free(fb->elements.a);
	free(fb->reads.a);
	free(fb->calls.a);
	free(fb->values.a);
	memset(fb, 0, sizeof(*fb));
}

fact_string fb_str(struct fb *fb, const char *s)
{
	uint64_t *at;
	bool added;

	if (!s || !*s)
		return 0;
	at = strmap_add(&fb->interned, s, &added);
	if (added) {
		*at = fb->str.len;
		sb_add(&fb->str, s, strlen(s) + 1);
	}
	return *at;
}

uint32_t fb_file(struct fb *fb, const char *path, int header)
{
	bool added;
	uint64_t *at = strmap_add(&fb->file_ids, path, &added);

	if (added) {
		*at = fb->files.n;
		*vec_add(&fb->files) =
			(struct fact_file){.path = fb_str(fb, path), .header = header};
	}
	return *at;
}

struct fact_def *fb_def(struct fb *fb)
{
	struct fact_def *d = vec_add(&fb->defs);

	*d = (struct fact_def){
		.ref0 = fb->refs.n,
		.read0 = fb->reads.n,
		.call0 = fb->calls.n,
		.element0 = fb->elements.n,
		.value0 = fb->values.n,
	};
	return d;
}

struct fact_def *fb_def_end(struct fb *fb)
{
	struct fact_def *d = &fb->defs.a[fb->defs.n - 1];

	d->nref = fb->refs.n - d->ref0;
	d->nread = fb->reads.n - d->read0;
	d->ncall = fb->calls.n - d->call0;
	d->nelement = fb->elements.n - d->element0;
	d->nvalue = fb->values.n - d->value0;
	return d;
}

static void fb_merge_def(struct fb *fb, const struct facts *src, const struct fact_def *s)
{
	struct fact_def *d = fb_def(fb);
	struct fact_def made = *d;
	uint32_t shift = fb->elements.n - s->element0;

	made.key = fb_str(fb, fact_str(src, s->key));
	made.name = fb_str(fb, fact_str(src, s->name));
	made.section = fb_str(fb, fact_str(src, s->section));
	made.type = fb_str(fb, fact_str(src, s->type));
	made.record = fb_str(fb, fact_str(src, s->record));
	made.file =
		fb_file(fb, fact_str(src, src->files[s->file].path), src->files[s->file].header);
	made.beg = s->beg;
	made.end = s->end;
	made.line = s->line;
	made.kind = s->kind;
	made.flags = s->flags;
	made.body = s->body;
	fb->defs.a[fb->defs.n - 1] = made;
	for (uint32_t i = s->ref0; i < s->ref0 + s->nref; i++) {
		struct fact_ref r = src->refs[i];

		r.key = fb_str(fb, fact_str(src, r.key));
		r.record = fb_str(fb, fact_str(src, r.record));
		r.element = r.element ? r.element + shift : 0;
		*vec_add(&fb->refs) = r;
	}
	for (uint32_t i = s->element0; i < s->element0 + s->nelement; i++) {
		struct fact_element e = src->elements[i];

		e.field = fb_str(fb, fact_str(src, e.field));
		e.parent = e.parent ? e.parent + shift : 0;
		*vec_add(&fb->elements) = e;
	}
	for (uint32_t i = s->read0; i < s->read0 + s->nread; i++)
		*vec_add(&fb->reads) = (struct fact_read){
			fb_str(fb, fact_str(src, src->reads[i].field)), src->reads[i].off};
	for (uint32_t i = s->call0; i < s->call0 + s->ncall; i++) {
		struct fact_call c = src->calls[i];

		c.callee = fb_str(fb, fact_str(src, c.callee));
		*vec_add(&fb->calls) = c;
	}
	for (uint32_t i = s->value0; i < s->value0 + s->nvalue; i++) {
		struct fact_value v = src->values[i];

		v.what = fb_str(fb, fact_str(src, v.what));
		v.constant = fb_str(fb, fact_str(src, v.constant));
		v.text = fb_str(fb, fact_str(src, v.text));
		*vec_add(&fb->values) = v;
	}
	fb_def_end(fb);
}

void fb_merge(struct fb *fb, const struct facts *src)
{
	for (uint32_t i = 0; i < src->nfiles; i++)
		fb_file(fb, fact_str(src, src->files[i].path), src->files[i].header);
	for (uint32_t i = 0; i < src->ndefs; i++)
		fb_merge_def(fb, src, &src->defs[i]);
}

static size_t block_align(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

void *fb_pack(const struct fb *fb, size_t *size)
{
	const void *data[A_N] = {fb->str.s,	 fb->files.a, fb->defs.a,  fb->refs.a,
				 fb->elements.a, fb->reads.a, fb->calls.a, fb->values.a};
	struct block_head head = {
		.magic = FACTS_MAGIC,
		.count = {fb->str.len, fb->files.n, fb->defs.n, fb->refs.n, fb->elements.n,
			  fb->reads.n, fb->calls.n, fb->values.n},
	};
	size_t at = sizeof(head);
	char *block;

	for (int i = 0; i < A_N; i++)
		at += block_align((size_t)head.count[i] * item_size[i]);
	head.size = at;
	block = xcalloc(1, at);
	memcpy(block, &head, sizeof(head));
	at = sizeof(head);
	for (int i = 0; i < A_N; i++) {
		size_t n = (size_t)head.count[i] * item_size[i];

		if (n)
			memcpy(block + at, data[i], n);
		at += block_align(n);
	}
	*size = at;
	return block;
}

int facts_unpack(struct facts *f, void *block, size_t size)
{
	const struct block_head *head = block;
	size_t at = sizeof(*head);
	char *a[A_N];

	if (size < sizeof(*head) || head->magic != FACTS_MAGIC || head->size != size)
		return -1;
	for (int i = 0; i < A_N; i++) {
		a[i] = (char *)block + at;
		at += block_align((size_t)head->count[i] * item_size[i]);
	}
	if (at != size)
		return -1;
	*f = (struct facts){
		.str = a[A_STR],
		.nstr = head->count[A_STR],
		.files = (void *)a[A_FILES],
		.nfiles = head->count[A_FILES],
		.defs = (void *)a[A_DEFS],
		.ndefs = head->count[A_DEFS],
		.refs = (void *)a[A_REFS],
		.nrefs = head->count[A_REFS],
		.elements = (void *)a[A_ELEMS],
		.nelements = head->count[A_ELEMS],
		.reads = (void *)a[A_READS],
		.nreads = head->count[A_READS],
		.calls = (void *)a[A_CALLS],
		.ncalls = head->count[A_CALLS],
		.values = (void *)a[A_VALUES],
		.nvalues = head->count[A_VALUES],
		.block = block,
		.size = size,
	};
	return 0;
}
