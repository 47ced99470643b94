// SPDX-License-Identifier: GPL-2.0
/* similar.c: an unknown name + known ones => the most similar ones. See similar.h. */
#include "base/similar.h"

/* How many of the bytes of `name` begin and end `other`, too. */
static size_t likeness(const char *name, const char *other)
{
	size_t n = strlen(name), m = strlen(other), most = n < m ? n : m, front = 0, back = 0;

	while (front < most && name[front] == other[front])
		front++;
	while (back < most - front && name[n - 1 - back] == other[m - 1 - back])
		back++;
	return front + back;
}

void similar_offer(struct similar *s, const char *name, const char *other)
{
	size_t lengths = strlen(name) + strlen(other);
	size_t score = lengths ? 1000 * 2 * likeness(name, other) / lengths : 0;

	if (score < 600) /* names that differ more resemble by chance */
		return;
	for (size_t i = 0; i < SIMILAR_NAMES; i++) {
		const char *was = s->best[i].name;
		size_t was_score = s->best[i].score;

		if (was && !strcmp(was, other))
			return;
		if (score <= was_score)
			continue;
		s->best[i].name = other;
		s->best[i].score = score;
		if (!was)
			return;
		other = was;
		score = was_score;
	}
}

void similar_print(const struct similar *s, const char *intro, struct strbuf *out)
{
	for (size_t i = 0; i < SIMILAR_NAMES && s->best[i].name; i++)
		sb_printf(out, "%s%s", i ? ", " : intro, s->best[i].name);
}
