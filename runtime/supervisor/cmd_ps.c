// SPDX-License-Identifier: GPL-2.0
/* cmd_ps.c: kdom ps prints a line per supervisor of this run directory. */
#include "commands.h"
#include "ask.h"
#include "belts.h"
#include "ctlmsg.h"
#include "log.h"
#include "options.h"
#include "paths.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static long rss_kib(pid_t pid)
{
	char path[64];
	long pages = 0, ignored;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (fscanf(f, "%ld %ld", &ignored, &pages) != 2)
		pages = 0;
	fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static const char *state_text(const struct sd_ctl_msg *m, char *buf, size_t n)
{
	const struct sd_ctl_status *s = &m->u.status;

	if (s->domain_pid && !m->result)
		return "up";
	if (s->domain_pid)
		return m->result == -EINPROGRESS ? "booting" : "silent";
	if (WIFSIGNALED(s->last_status) && WTERMSIG(s->last_status) == SIGKILL)
		return "killed";
	if (WIFSIGNALED(s->last_status))
		snprintf(buf, n, "died:%s", sigabbrev_np(WTERMSIG(s->last_status)));
	else
		snprintf(buf, n, "exited:%d", WEXITSTATUS(s->last_status));
	return buf;
}

/* Below the domain's line: the belts in force, and those that the host doesn't allow. */
static void show_belts(const uint8_t *belts)
{
	bool all = true;

	printf("    belts:");
	for (int i = 0; i < BELTS; i++)
		if (!belts[i])
			printf(" %s", belt_names[i]);
	for (int i = 0; i < BELTS; i++) {
		if (!belts[i])
			continue;
		printf("%s %s (%s)", all ? "\n    not available:" : ",", belt_names[i],
		       strerror(belts[i]));
		all = false;
	}
	putchar('\n');
}

static void domain_show(const char *name, bool belts)
{
	struct sd_ctl_msg m;
	char state[32];
	int sock = ask_connect(name), err;
	const struct sd_ctl_status *s = &m.u.status;

	if (sock < 0)
		return; /* left over from a dead daemon */
	err = ask(sock, SD_CTL_STATUS, &m, 3000);
	close(sock);
	if (err == -EPIPE)
		return; /* it ended while we asked */
	if (err) {
		printf("%-16s %-10s supervisor doesn't answer: %s\n", name, "?", strerror(-err));
		return;
	}
	if (ctl_alien(&m)) {
		printf("%-16s %-10s built for another ABI; `kdom down %s` ends it\n", name, "alien",
		       name);
		return;
	}
	printf("%-16s %-10s %7u %4u %8u %12llu %8ld %9.2f\n", name,
	       state_text(&m, state, sizeof(state)), s->domain_pid, s->generation, s->clients,
	       (unsigned long long)s->stats.calls, s->domain_pid ? rss_kib(s->domain_pid) : 0,
	       s->boot_ns / 1e6);
	if (belts && s->domain_pid && m.result != -EINPROGRESS)
		show_belts(s->belts);
}

static int is_socket(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return n > 5 && !strcmp(e->d_name + n - 5, ".sock");
}

int cmd_ps(void *values, int nargs, char **args)
{
	const struct kdom_values *v = values;
	char dir[PATH_MAX], name[256];
	struct dirent **list;
	int n;

	if (paths_dir(dir, sizeof(dir)))
		return 1;
	n = scandir(dir, &list, is_socket, alphasort);
	if (n < 0) {
		say("%s: %s", dir, strerror(errno));
		return 1;
	}
	printf("%-16s %-10s %7s %4s %8s %12s %8s %9s\n", "NAME", "STATE", "PID", "GEN", "CLIENTS",
	       "CALLS", "RSS-KiB", "BOOT-ms");
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%.*s", (int)strlen(list[i]->d_name) - 5,
			 list[i]->d_name);
		domain_show(name, v->belts);
		free(list[i]);
	}
	free(list);
	return 0;
}
