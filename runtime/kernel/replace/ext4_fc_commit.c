// SPDX-License-Identifier: GPL-2.0
/* fs/ext4/fast_commit.c: ext4_fc_commit() as without the option: the whole journal commits. */
int ext4_fc_commit(journal_t *journal, tid_t commit_tid)
{
	return jbd2_complete_transaction(journal, commit_tid);
}
