// SPDX-License-Identifier: GPL-2.0
/* session.c: runs the passes in the table of passes.c. See session.h. */
#include "session.h"
#include "base/cache.h"
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

void session_open(struct session *s, const char *spec, const struct options *o)
{
	*s = (struct session){.options = o, .arg = spec};
}

static long peak_rss(int who)
{
	struct rusage u;

	return getrusage(who, &u) ? 0 : u.ru_maxrss;
}

static int run_pass(struct session *s, const struct pass *p)
{
	double begun = now_seconds();
	int r = p->run(s);

	s->cost[s->ndone++] = (struct pass_cost){
		.seconds = now_seconds() - begun,
		.peak = peak_rss(RUSAGE_SELF),
		.child_peak = peak_rss(RUSAGE_CHILDREN),
	};
	return r;
}

int session_run(struct session *s, const char *last)
{
	const struct pass *end = pass_find(last) + 1;

	for (const struct pass *p = &passes[s->ndone]; p < end; p++)
		if (run_pass(s, p))
			return -1;
	return 0;
}

void session_skip(struct session *s, const char *last)
{
	while (&passes[s->ndone] <= pass_find(last))
		s->cost[s->ndone++] = (struct pass_cost){};
}

int session_own(struct session *s, const char *dir)
{
	char *path = xasprintf("%s/.lock", dir);
	int fd = cache_lock(path, LOCK_TO_WRITE);

	free(path);
	if (fd < 0)
		return -1;
	if (s->lock)
		close(s->lock);
	s->lock = fd;
	return 0;
}

double session_seconds(const struct session *s, const char *first, const char *last)
{
	double sum = 0;

	for (const struct pass *p = pass_find(first); p <= pass_find(last); p++)
		sum += s->cost[p - passes].seconds;
	return sum;
}

static void print_costs(const struct session *s)
{
	double sum = 0;

	fprintf(stderr, "%-9s %9s %10s %14s\n", "pass", "s", "peak MiB", "child's MiB");
	for (size_t i = 0; i < s->ndone; i++) {
		const struct pass_cost *c = &s->cost[i];

		fprintf(stderr, "%-9s %9.3f %10.1f %14.1f\n", passes[i].name, c->seconds,
			c->peak / 1024.0, c->child_peak / 1024.0);
		sum += c->seconds;
	}
	fprintf(stderr, "%-9s %9.3f\n", "all", sum);
}

void session_close(struct session *s)
{
	if (s->options->time)
		print_costs(s);
	if (s->graph.db)
		graph_free(&s->graph);
	if (s->facts) {
		facts_free_all(s->facts, &s->db);
		free(s->facts);
	}
	if (s->db.tree)
		compdb_free(&s->db);
	spec_free(&s->spec);
	if (s->lock)
		close(s->lock);
	free(s->outdir);
}
