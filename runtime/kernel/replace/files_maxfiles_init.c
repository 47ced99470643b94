// SPDX-License-Identifier: GPL-2.0
/* fs/file_table.c: files_maxfiles_init(). A socket, the most expensive file, takes 4 KiB: a third
 * of the memory is left when all files are open. */
void __init files_maxfiles_init(void)
{
	files_stat.max_files = (nr_free_pages() << PAGE_SHIFT) / (6 << 10);
}
