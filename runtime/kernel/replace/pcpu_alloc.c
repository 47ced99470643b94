// SPDX-License-Identifier: GPL-2.0
/*
 * mm/percpu.c: pcpu_alloc(), pcpu_alloc_noprof() of newer trees. With one CPU a per-CPU variable is
 * a variable: an object of the slab, zeroed. The slab's own first caches need some before there is
 * a slab; those are never freed.
 */
static void *pcpu_alloc_early(size_t size, size_t align)
{
	static char *at;
	static size_t left;
	size_t gap = at ? PTR_ALIGN(at, align) - at : 0;

	if (left < gap + size) {
		at = (char *)get_zeroed_page(GFP_NOWAIT);
		left = at ? PAGE_SIZE : 0;
		gap = 0;
	}
	if (left < gap + size)
		return NULL;
	at += gap + size;
	left -= gap + size;
	return at - size;
}

#ifdef __alloc_percpu
void __percpu *pcpu_alloc_noprof(size_t size, size_t align, bool reserved, gfp_t gfp)
#else
static void __percpu *pcpu_alloc(size_t size, size_t align, bool reserved, gfp_t gfp)
#endif
{
	/* objects of a power of two are aligned to their size */
	if (align > ARCH_KMALLOC_MINALIGN)
		size = roundup_pow_of_two(max(size, align));
	return (void __percpu __force *)(slab_is_available() ? kzalloc(size, gfp)
							     : pcpu_alloc_early(size, align));
}
