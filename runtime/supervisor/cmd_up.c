// SPDX-License-Identifier: GPL-2.0
/* cmd_up.c: kdom up, down and kill. */
#include "commands.h"
#include "ask.h"
#include "ctlmsg.h"
#include "daemon.h"
#include "devices.h"
#include "log.h"
#include "machine.h"
#include "options.h"
#include "paths.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UP_WAIT_MS   40000
#define GONE_TRIES   200   /* to reach another supervisor than the one that has just ended ... */
#define GONE_WAIT_US 10000 /* ... with this pause */
#define DOWN_WAIT_MS 70000 /* a domain with disks may take a minute */

/* Prints the last lines of the log, which say why it didn't start. */
static void show_log(const char *path)
{
	char buf[2048];
	FILE *f = fopen(path, "r");
	size_t n;

	if (!f)
		return;
	if (fseek(f, -(long)sizeof(buf) + 1, SEEK_END))
		rewind(f);
	n = fread(buf, 1, sizeof(buf) - 1, f);
	buf[n] = 0;
	fclose(f);
	fprintf(stderr, "---- end of %s\n%s----\n", path, buf);
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Closes all fds but its own: otherwise the caller's pipes would never end and its locks never be
 * released. */
static int close_others(const struct config *cfg, int started_pipe)
{
	int keep[SD_DEVICES_MAX + 5] = {0, 1, 2, started_pipe, cfg->image_fd}, n = 5;

	for (int i = 0; i < cfg->ndev; i++)
		if (cfg->dev[i].fd >= 0)
			keep[n++] = cfg->dev[i].fd;
	qsort(keep, n, sizeof(*keep), by_number);
	for (int i = 0; i < n; i++)
		if ((i == n - 1 || keep[i + 1] > keep[i] + 1) &&
		    close_range(keep[i] + 1, i == n - 1 ? ~0u : (unsigned)keep[i + 1] - 1, 0))
			return -errno;
	return 0;
}

/* Keeps the variables that are used later; the rest may be secrets, and is erased from
 * /proc/PID/environ, too. */
static void keep_environment(void)
{
	static const char *const names[] = {"KDOM_DIR", "XDG_RUNTIME_DIR", "XDG_STATE_HOME",
					    "HOME",	"SUDO_UID",	   "SUDO_GID",
					    "TZ"};
	enum { N = sizeof(names) / sizeof(names[0]) };
	char *values[N];

	for (int i = 0; i < N; i++)
		values[i] = getenv(names[i]) ? strdup(getenv(names[i])) : NULL;
	for (char **e = environ; *e; e++)
		memset(*e, 0, strlen(*e));
	clearenv();
	for (int i = 0; i < N; i++)
		if (values[i] && setenv(names[i], values[i], 1))
			_exit(1);
}

/* If SIGCHLD stayed ignored, as a caller may have set it, we couldn't learn how the domain ended.
 */
static void default_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void become_daemon(struct config *cfg, int started_pipe, const char *log)
{
	int err;

	default_signals();
	umask(077);
	keep_environment();
	log_set_level(cfg->log_level);
	err = log_open(log);
	if (!err)
		err = close_others(cfg, started_pipe);
	if (err) {
		if (write(started_pipe, &err, sizeof(err)) < 0)
			_exit(1);
		_exit(1);
	}
	setsid();
	if (chdir("/"))
		_exit(1);
	daemon_main(cfg, started_pipe);
}

static int await_daemon(const struct config *cfg, int pipe_fd, const char *log)
{
	int status, n;

	do
		n = read(pipe_fd, &status, sizeof(status));
	while (n < 0 && errno == EINTR);
	if (n == sizeof(status) && !status)
		return 0;
	if (n == sizeof(status) && status == -EEXIST) {
		say("%s: another kdom is starting it; try again", cfg->name);
		return -EEXIST;
	}
	if (n == sizeof(status) && status == -EPROTONOSUPPORT) {
		say("%s: %s was built for another ABI than this kdom; run " SD_REBUILD, cfg->name,
		    cfg->image);
		return status;
	}
	say("%s: the domain did not start: %s", cfg->name,
	    n == sizeof(status) ? strerror(-status) : "its supervisor died");
	show_log(log);
	return n == sizeof(status) ? status : -EREMOTEIO;
}

static int start_daemon(struct config *cfg)
{
	char log[PATH_MAX];
	int started[2], err;
	pid_t pid;

	err = config_complete(cfg);
	if (!err)
		err = machine_find(cfg);
	if (!err)
		err = devices_open(cfg);
	if (!err)
		err = paths_in_dir(log, sizeof(log), cfg->name, ".log");
	if (err)
		return err;
	if (pipe2(started, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid == 0) {
		close(started[0]);
		become_daemon(cfg, started[1], log);
	}
	close(started[1]);
	err = pid < 0 ? -errno : await_daemon(cfg, started[0], log);
	close(started[0]);
	close(cfg->image_fd);
	for (int i = 0; i < cfg->ndev; i++)
		fds_close(&cfg->dev[i].fd, 1);
	return err;
}

/* *gone: the supervisor ended before it answered. */
static int start_again(struct config *cfg, int sock, bool *gone)
{
	struct sd_ctl_msg m;
	int err = ask(sock, SD_CTL_UP, &m, UP_WAIT_MS);

	*gone = err == -EPIPE;
	if (*gone)
		return err;
	if (!err && ctl_alien(&m)) {
		say("%s: its supervisor was built for another ABI than this kdom (hash %08x, here "
		    "%08x); run `kdom down %s` and try again",
		    cfg->name, m.abi, SD_ABI, cfg->name);
		return -EPROTONOSUPPORT;
	}
	if (!err)
		err = m.result;
	if (err == -EALREADY)
		return 1;
	if (err)
		say("%s: its supervisor could not restart it: %s; see the log in the run "
		    "directory (`kdom ps`)",
		    cfg->name, strerror(-err));
	return err;
}

int bring_up(struct config *cfg)
{
	bool gone = true;
	int sock, err = 0;

	for (int i = 0; i < GONE_TRIES && gone; i++) {
		if (i)
			usleep(GONE_WAIT_US);
		sock = ask_connect(cfg->name);
		if (sock == -ENOENT || sock == -ECONNREFUSED)
			return start_daemon(cfg);
		if (sock < 0) {
			say("%s: cannot reach its supervisor: %s", cfg->name, strerror(-sock));
			return sock;
		}
		err = start_again(cfg, sock, &gone);
		close(sock);
	}
	if (gone)
		say("%s: its supervisor takes no requests, and doesn't end; `kdom ps` has its pid",
		    cfg->name);
	return err;
}

int check_name(const char *name)
{
	if (name_valid(name))
		return 0;
	say("%s: not a domain name (letters, digits, - _ . and at most %d of them)", name,
	    SD_NAME_MAX - 1);
	return -1;
}

int cmd_up(void *values, int nargs, char **args)
{
	struct kdom_values *v = values;
	int err;

	if (check_name(args[0]))
		return 2;
	strcpy(v->cfg.name, args[0]);
	err = bring_up(&v->cfg);
	if (err < 0)
		return 1;
	printf(err ? "%s is already up\n" : "%s is up\n", v->cfg.name);
	return 0;
}

static int supervisor_tell(const char *name, uint16_t type, int wait_ms)
{
	struct sd_ctl_msg m;
	int sock = ask_connect(name), err;

	if (sock == -ENOENT || sock == -ECONNREFUSED) {
		say("%s: no such domain is up; `kdom ps` lists them", name);
		return sock;
	}
	err = sock < 0 ? sock : ask(sock, type, &m, wait_ms);
	if (!err)
		err = m.result;
	if (err)
		say("%s: %s", name, strerror(-err));
	if (sock >= 0)
		close(sock);
	return err;
}

int take_down(const char *name)
{
	return supervisor_tell(name, SD_CTL_DOWN, DOWN_WAIT_MS);
}

int cmd_down(void *values, int nargs, char **args)
{
	if (check_name(args[0]))
		return 2;
	return take_down(args[0]) ? 1 : 0;
}

int cmd_kill(void *values, int nargs, char **args)
{
	if (check_name(args[0]))
		return 2;
	return supervisor_tell(args[0], SD_CTL_KILL, DOWN_WAIT_MS) ? 1 : 0;
}
