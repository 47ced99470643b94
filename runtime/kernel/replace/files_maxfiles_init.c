// SPDX-License-Identifier: GPL-2.0
/* fs/file_table.c: files_maxfiles_init(). A socket, the costliest file, takes 4 KiB: open files
 * leave a third of the memory. */
void __init files_maxfiles_init(void)
{
	files_stat.max_files = (nr_free_pages() << PAGE_SHIFT) / (6 << 10);
}
