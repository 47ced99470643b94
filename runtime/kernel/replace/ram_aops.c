// SPDX-License-Identifier: GPL-2.0
/* fs/libfs.c: ram_aops. A page of a file in memory takes memory of the domain, which has a limit:
 * runtime/kernel/dev_mount.c. */
#include <sd/tree.h>

extern bool sd_files_may_grow(void);

#ifdef SD_TREE_foliop
#define sd_written folio
#else
#define sd_written page
#endif

static int sd_ram_write_begin(struct file *file, struct address_space *mapping, loff_t pos,
			      unsigned len, struct sd_written **written, void **fsdata)
{
	struct folio *there;

	if (!sd_files_may_grow()) {
		there = filemap_get_folio(mapping, pos >> PAGE_SHIFT);
		if (IS_ERR_OR_NULL(there))
			return -ENOSPC;
		folio_put(there);
	}
	return simple_write_begin(file, mapping, pos, len, written, fsdata);
}

const struct address_space_operations ram_aops = {
	.read_folio = simple_read_folio,
	.write_begin = sd_ram_write_begin,
	.write_end = simple_write_end,
	.dirty_folio = noop_dirty_folio,
};
