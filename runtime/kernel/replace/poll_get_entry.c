// SPDX-License-Identifier: GPL-2.0
/* fs/select.c: poll_get_entry(). A file in a poll that waits takes 64 bytes: they are charged to
 * the call's client (runtime/kernel/serve_env.c). */
extern bool sd_call_takes(u64 len);

static struct poll_table_entry *poll_get_entry(struct poll_wqueues *p)
{
	struct poll_table_page *table = p->table, *more;

	if (p->inline_index < N_INLINE_POLL_ENTRIES)
		return p->inline_entries + p->inline_index++;
	if (table && !POLL_TABLE_FULL(table))
		return table->entry++;
	more = sd_call_takes(PAGE_SIZE) ? (struct poll_table_page *)__get_free_page(GFP_KERNEL)
					: NULL;
	if (!more) {
		p->error = -ENOMEM;
		return NULL;
	}
	more->entry = more->entries;
	more->next = table;
	p->table = more;
	return more->entry++;
}
