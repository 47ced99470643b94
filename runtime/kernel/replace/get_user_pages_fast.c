// SPDX-License-Identifier: GPL-2.0
/* mm/gup.c: get_user_pages_fast(). A program's memory has no page structures in a domain: its pages
 * are copies, runtime/kernel/user_pages.c. */
int sd_user_pages(unsigned long start, int nr, bool write, struct page **pages);

int get_user_pages_fast(unsigned long start, int nr_pages, unsigned int gup_flags,
			struct page **pages)
{
	return sd_user_pages(start, nr_pages, gup_flags & FOLL_WRITE, pages);
}
