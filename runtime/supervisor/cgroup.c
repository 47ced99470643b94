// SPDX-License-Identifier: GPL-2.0
/*
 * cgroup.c: a cgroup for the domain, made before it starts and removed after its end. It limits
 * memory and threads, and makes all threads of the domain together compete for CPUs like one thread
 * with the supervisor's nice value. Each controller is a belt of its own (belts.c), since a host
 * may permit one and not another.
 *
 * It is always below the supervisor's cgroup, whose limits so apply to the domain, too. Version 1
 * (a hierarchy per controller, or for some together): only root can make it. Version 2: possible
 * where the cgroup is ours, as root's in a container, or delegated:
 *     systemd-run --user --scope -p Delegate=yes kdom up net
 * There a cgroup that contains processes can't delegate controllers: the supervisor and the
 * `kdom up` that started it move to a leaf first. If it contains other processes it is left
 * unchanged (EBUSY).
 *
 *     OWN/kdom-NAME-RANDOM   the domain; its supervisor locks the directory: one that can
 *                            be locked is a dead supervisor's
 *     OWN/kdom-supervisors   version 2 only
 */
#include "cgroup.h"
#include "devices.h"
#include "belts.h"
#include "ctlmsg.h"
#include "log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sd/ring.h>

#define TASKS	    64		  /* threads: a few, and four a disk */
#define OVERHEAD    (64ull << 20) /* for the host kernel's objects: sockets, packets, files */
#define PREFIX	    "kdom-"
#define LEAF	    "kdom-supervisors"
#define CLIENTS_MIN 4

static const struct {
	const char *name;
	enum belt belt;
} controllers[CAGES] = {{"memory", BELT_MEMORY}, {"cpu", BELT_CPU}, {"pids", BELT_PIDS}};

static bool list_has(const char *list, const char *word, const char *between)
{
	size_t len = strlen(word);

	for (const char *at = list; *at; at += strcspn(at, between), at += strspn(at, between))
		if (strcspn(at, between) == len && !strncmp(at, word, len))
			return true;
	return false;
}

/* From the text of /proc/self/cgroup: our path in the controller's hierarchy. */
static bool own_path(const char *text, const char *controller, char *path, bool *v2)
{
	char line[PATH_MAX], *list, *at;
	bool found = false;

	for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(p, "\n"), p);
		list = strchr(line, ':');
		at = list ? strchr(list + 1, ':') : NULL;
		if (!at)
			continue;
		*at++ = 0;
		*v2 = !list_has(list + 1, controller, ",");
		if (*v2 && list[1])
			continue;
		strcpy(path, at);
		found = true;
		if (!*v2)
			return true;
	}
	return *v2 = true, found;
}

/* Does a line of /proc/self/mountinfo mount that hierarchy, with our cgroup in the visible part? */
static bool mount_matches(const char *line, const char *controller, const char *path, bool v2,
			  char *dir)
{
	char root[PATH_MAX], point[PATH_MAX], type[32], options[256];
	const char *dash = strstr(line, " - ");
	size_t n;

	if (!dash || sscanf(line, "%*s %*s %*s %4095s %4095s", root, point) != 2 ||
	    sscanf(dash, " - %31s %*s %255s", type, options) != 2 ||
	    strcmp(type, v2 ? "cgroup2" : "cgroup") || (!v2 && !list_has(options, controller, ",")))
		return false;
	n = strcmp(root, "/") ? strlen(root) : 0;
	if (strncmp(path, root, n) || (path[n] && path[n] != '/') || !strncmp(path, "/..", 3))
		return false;
	return snprintf(dir, PATH_MAX, "%s%s", point, strcmp(path + n, "/") ? path + n : "") <
	       PATH_MAX;
}

int cgroup_find(const char *cgroups, const char *mounts, const char *controller, char *dir,
		bool *v2)
{
	char path[PATH_MAX], line[3 * PATH_MAX];

	if (!own_path(cgroups, controller, path, v2))
		return -EOPNOTSUPP;
	for (const char *p = mounts; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(p, "\n"), p);
		if (mount_matches(line, controller, path, *v2, dir))
			return 0;
	}
	return -EOPNOTSUPP;
}

/* A whole small file as a string; the caller frees it. */
static char *file_text(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t room = 0;

	if (f && getdelim(&text, &room, 0, f) < 0) {
		free(text);
		text = NULL;
	}
	if (f)
		fclose(f);
	return text;
}

static int file_put(int dir, const char *file, const char *text)
{
	int fd = openat(dir, file, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static int file_put_number(int dir, const char *file, uint64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	return file_put(dir, file, text);
}

/* ---- version 2: delegating controllers ---- */

static bool has_word(int dir, const char *file, const char *word)
{
	char text[256];
	int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	fds_close(&fd, 1);
	text[n > 0 ? n : 0] = 0;
	return list_has(text, word, " \n");
}

/* Are we alone in it, except for the `kdom up` that waits for our start? */
static bool only_ours(int own, pid_t up)
{
	int fd = openat(own, "cgroup.procs", O_RDONLY | O_CLOEXEC), pid;
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
	bool ours = f;

	if (!f)
		fds_close(&fd, 1);
	while (f && fscanf(f, "%d", &pid) == 1)
		ours &= pid && (pid == getpid() || pid == up);
	if (f)
		fclose(f);
	return ours;
}

static int supervisor_step_aside(int own, pid_t up)
{
	int leaf, err;

	if (!only_ours(own, up))
		return -EBUSY;
	if (mkdirat(own, LEAF, 0755) && errno != EEXIST)
		return -errno;
	leaf = openat(own, LEAF, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (leaf < 0)
		return -errno;
	err = file_put_number(leaf, "cgroup.procs", getpid());
	if (!err && up)
		err = file_put_number(leaf, "cgroup.procs", up);
	close(leaf);
	return err;
}

static int controller_hand_on(int own, const char *controller, pid_t up)
{
	char plus[32];
	int err;

	if (!has_word(own, "cgroup.controllers", controller))
		return -EOPNOTSUPP;
	if (has_word(own, "cgroup.subtree_control", controller))
		return 0;
	snprintf(plus, sizeof(plus), "+%s", controller);
	err = file_put(own, "cgroup.subtree_control", plus);
	if (err == -EBUSY)
		err = supervisor_step_aside(own, up)
			      ? -EBUSY
			      : file_put(own, "cgroup.subtree_control", plus);
	return err;
}

/* ---- either ---- */

/* Removes cgroups of killed supervisors: their domains died with them. */
static void cages_sweep(int own)
{
	int copy = openat(own, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;

	if (!dir)
		fds_close(&copy, 1);
	while (dir && (e = readdir(dir))) {
		if (strncmp(e->d_name, PREFIX, strlen(PREFIX)) || !strcmp(e->d_name, LEAF))
			continue;
		fd = openat(own, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB))
			unlinkat(own, e->d_name, AT_REMOVEDIR);
		fds_close(&fd, 1);
	}
	if (dir)
		closedir(dir);
}

/*
 * The limit of mapped files, as the machine computes it (its shares.c): that of the last device
 * with a limit, or a quarter of the host's memory.
 */
static uint64_t shares_bound(const char *args, uint64_t before)
{
	const char *at = strstr(args, ",shares=");

	if (at)
		return strtoull(at + strlen(",shares="), NULL, 10) << 20;
	return before ? before : (uint64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) / 4;
}

/* The domain's limit with this many clients: a page of a region is charged to whoever touches it
 * first. */
static uint64_t memory_bound(const struct config *cfg, unsigned clients)
{
	uint64_t sum = cfg->ram + OVERHEAD + clients * SD_REGION_SIZE;
	uint64_t maps = 0;

	for (int i = 0; i < cfg->ndev; i++) {
		struct stat st;

		if (device_is_disk(&cfg->dev[i]))
			maps = shares_bound(cfg->dev[i].args, maps);
		if (!strcmp(cfg->dev[i].backend, "ram") && cfg->dev[i].fd >= 0 &&
		    !fstat(cfg->dev[i].fd, &st))
			sum += st.st_size;
	}
	sum += maps;
	return sum + sum / 64; /* page tables */
}

/* Where swap is counted the limit includes it; memory's limit may never exceed that of memory and
 * swap. */
static int cage_bound_memory(const struct cage *c, uint64_t most)
{
	int err;

	if (c->v2) {
		err = file_put_number(c->fd, "memory.max", most);
		file_put_number(c->fd, "memory.swap.max", most);
		return err;
	}
	file_put_number(c->fd, "memory.memsw.limit_in_bytes", most);
	err = file_put_number(c->fd, "memory.limit_in_bytes", most);
	file_put_number(c->fd, "memory.memsw.limit_in_bytes", most);
	return err;
}

/* The weight of one thread with our nice value: else `nice kdom up` would gain CPU time by its
 * cgroup. */
static int cage_weigh(const struct cage *c)
{
	int nice = getpriority(PRIO_PROCESS, 0);
	char text[8];
	uint64_t shares = 1024;

	snprintf(text, sizeof(text), "%d", nice);
	if (c->v2)
		return file_put(c->fd, "cpu.weight.nice", text);
	for (int i = 0; i < nice; i++)
		shares = shares * 4 / 5;
	for (int i = 0; i > nice; i--)
		shares = shares * 5 / 4;
	return file_put_number(c->fd, "cpu.shares", shares);
}

static int cage_bound(const struct cage *c, const struct config *cfg, enum cage_kind kind)
{
	switch (kind) {
	case CAGE_MEMORY:
		return cage_bound_memory(c, memory_bound(cfg, CLIENTS_MIN));
	case CAGE_CPU:
		return cage_weigh(c);
	default:
		return file_put_number(c->fd, "pids.max", TASKS);
	}
}

/* One directory may serve several controllers, so all use the same name. */
static int cage_make(struct cage *c, const char *name, const char *controller, pid_t up)
{
	int own = open(c->own, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	if (own < 0)
		return -errno;
	cages_sweep(own);
	err = c->v2 ? controller_hand_on(own, controller, up) : 0;
	if (!err && mkdirat(own, name, 0755) && errno != EEXIST)
		err = -errno;
	if (!err) {
		c->fd = openat(own, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		err = c->fd < 0 ? -errno : 0;
	}
	close(own);
	if (!err && flock(c->fd, LOCK_EX | LOCK_NB))
		note_warn("%s/%s: another process holds its lock", c->own, name);
	return err;
}

static void cage_remove(struct cage *c, const char *name)
{
	char path[PATH_MAX + NAME_MAX];

	if (c->fd < 0)
		return;
	close(c->fd);
	c->fd = -1;
	snprintf(path, sizeof(path), "%s/%s", c->own, name);
	if (rmdir(path) && errno != ENOENT)
		note_warn("%s: %s; the next domain's start removes it", path, strerror(errno));
}

void cgroup_make(struct cgroup *g, const struct config *cfg, pid_t up)
{
	char *cgroups = file_text("/proc/self/cgroup"), *mounts = file_text("/proc/self/mountinfo");
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), 0) < 0)
		random = now_ms();
	snprintf(g->name, sizeof(g->name), PREFIX "%s-%08x", cfg->name, random);
	g->clients = CLIENTS_MIN;
	for (int i = 0; i < CAGES; i++) {
		struct cage *c = &g->cage[i];

		c->fd = -1;
		c->err = !cgroups || !mounts ? -EOPNOTSUPP
					     : cgroup_find(cgroups, mounts, controllers[i].name,
							   c->own, &c->v2);
		if (!c->err)
			c->err = cage_make(c, g->name, controllers[i].name, up);
		if (!c->err)
			c->err = cage_bound(c, cfg, i);
		if (c->err)
			cage_remove(c, g->name);
	}
	free(cgroups);
	free(mounts);
}

void cgroup_enter(const struct cgroup *g, uint8_t *belts)
{
	for (int i = 0; i < CAGES; i++) {
		const struct cage *c = &g->cage[i];

		belts[controllers[i].belt] =
			c->err ? -c->err : -file_put(c->fd, "cgroup.procs", "0");
	}
}

void cgroup_clients(struct cgroup *g, const struct config *cfg, unsigned n)
{
	if (g->cage[CAGE_MEMORY].fd < 0 || n <= g->clients)
		return;
	while (g->clients < n)
		g->clients *= 2;
	if (cage_bound_memory(&g->cage[CAGE_MEMORY], memory_bound(cfg, g->clients)))
		note_warn("%s: its bound can't be raised for %u clients", g->name, g->clients);
}

void cgroup_remove(struct cgroup *g)
{
	for (int i = 0; i < CAGES; i++)
		cage_remove(&g->cage[i], g->name);
}
