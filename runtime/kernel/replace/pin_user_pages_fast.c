// SPDX-License-Identifier: GPL-2.0
/* mm/gup.c: pin_user_pages_fast(): get_user_pages_fast() with the references that
 * unpin_user_page() takes away. */
int sd_user_pages(unsigned long start, int nr, bool write, struct page **pages);

int pin_user_pages_fast(unsigned long start, int nr_pages, unsigned int gup_flags,
			struct page **pages)
{
	int n = sd_user_pages(start, nr_pages, gup_flags & FOLL_WRITE, pages), i;

	for (i = 0; i < n; i++)
		page_ref_add(pages[i], GUP_PIN_COUNTING_BIAS - 1);
	return n;
}
