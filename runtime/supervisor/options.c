// SPDX-License-Identifier: GPL-2.0
/* options.c: options of the command line and their defaults. */
#include "options.h"
#include "log.h"
#include "paths.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int parse_size(const char *text, uint64_t *bytes)
{
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (end == text || errno || *text == '-')
		return -EINVAL;
	switch (*end) {
	case 'G':
		v <<= 10; /* fall through */
	case 'M':
		end++;
		break;
	default:
		return -EINVAL;
	}
	if (*end || v < 1 || v > 1 << 20)
		return -EINVAL;
	*bytes = v << 20;
	return 0;
}

static int parse_restart(const char *text, enum restart *out)
{
	static const char *const names[] = {"no", "on-failure", "always"};

	for (int i = 0; i < 3; i++)
		if (!strcmp(text, names[i])) {
			*out = i;
			return 0;
		}
	say("--restart=%s: must be no, on-failure or always", text);
	return -EINVAL;
}

static int parse_cpu(const char *text, int *cpu)
{
	char *end;
	long v = strtol(text, &end, 10);

	if (end == text || *end || v < 0 || v >= CPU_SETSIZE) {
		say("--cpu=%s: must be a CPU number", text);
		return -EINVAL;
	}
	*cpu = v;
	return 0;
}

static int copy_path(char *dst, const char *opt, const char *src)
{
	if (snprintf(dst, PATH_MAX, "%s", src) < PATH_MAX)
		return 0;
	say("--%s: path too long", opt);
	return -EINVAL;
}

static int add_override(struct config *cfg, const char *text)
{
	if (cfg->noverride == OVERRIDES_MAX) {
		say("--device=%s: more than %d of them", text, OVERRIDES_MAX);
		return -EINVAL;
	}
	cfg->override[cfg->noverride++] = text;
	return 0;
}

static int parse_log_level(const char *text, enum log_level *level)
{
	for (int i = 0; i < LOG_LEVELS; i++)
		if (!strcmp(text, log_level_names[i])) {
			*level = i;
			return 0;
		}
	say("--log-level=%s: must be error, warn, info or debug", text);
	return -EINVAL;
}

static int parse_pid(const char *text, int *pid)
{
	char *end;
	long v = strtol(text, &end, 10);

	if (end == text || *end || v < 1 || v > INT_MAX) {
		say("-p %s: must be the number of a process", text);
		return -EINVAL;
	}
	*pid = v;
	return 0;
}

static int parse_lines(const char *text, int *lines)
{
	char *end;
	long v = strtol(text, &end, 10);

	if (end == text || *end || v < 0 || v > INT_MAX) {
		say("-n %s: must be a number of lines", text);
		return -EINVAL;
	}
	*lines = v;
	return 0;
}

/* It becomes part of a path. */
static int set_debug(struct kdom_values *v, const char *kind)
{
	if (!name_valid(kind) || strlen(kind) >= sizeof(v->cfg.debug)) {
		say("--debug=%s: must be a kind of image that kslice build --debug knows", kind);
		return -EINVAL;
	}
	strcpy(v->cfg.debug, kind);
	if (!v->log_level_given)
		v->cfg.log_level = LOG_LEVEL_DEBUG;
	return 0;
}

static int set_cmdline(struct config *cfg, const char *text)
{
	size_t used = strlen(cfg->cmdline);

	if (snprintf(cfg->cmdline + used, sizeof(cfg->cmdline) - used, "%s%s", used ? " " : "",
		     text) < (int)(sizeof(cfg->cmdline) - used))
		return 0;
	say("--cmdline: longer than %zu characters in all", sizeof(cfg->cmdline) - 1);
	return -EINVAL;
}

enum {
	OPT_IMAGE = CLI_KEY(0),
	OPT_MANIFEST,
	OPT_DEVICE,
	OPT_NO_TAP,
	OPT_RAM,
	OPT_CPU,
	OPT_RESTART,
	OPT_DEBUG,
	OPT_VERBOSE,
	OPT_CMDLINE,
	OPT_LOG_LEVEL,
	OPT_CORE,
	OPT_TRACE,
};

const struct cli_option kdom_options[] = {
	{"image", OPT_IMAGE, "FILE", "NAME.image that kslice build made", "up run",
	 "the domain's image"},
	{"manifest", OPT_MANIFEST, "FILE", "beside the image that kslice build made", "up run",
	 "its manifest: devices and RAM"},
	{"device", OPT_DEVICE, "N:KEY=VALUE", NULL, "up run",
	 "override a key of the manifest's device N, counted from 0; may be repeated: "
	 "--device 0:path=/x.img --device 0:backend=ram"},
	{"no-tap", OPT_NO_TAP, NULL, NULL, "up run",
	 "without its TAP device: loopback only, needs no root"},
	{"ram", OPT_RAM, "SIZE", "the manifest's, else 64M", "up run", "memory of the domain"},
	{"cpu", OPT_CPU, "N", NULL, "up run", "pin the domain to this CPU"},
	{"restart", OPT_RESTART, "POLICY", "no", "up run",
	 "restart the domain when it has died: no, on-failure or always"},
	{"debug", OPT_DEBUG, "[KIND]", NULL, "up run",
	 "start the image of `kslice build NAME --debug=KIND', NAME-KIND/NAME.image, and set the "
	 "log level to debug; KIND is debug if it isn't given"},
	{"verbose", OPT_VERBOSE, NULL, NULL, "up run",
	 "the image prints all messages of its kernel, see kdom log"},
	{"cmdline", OPT_CMDLINE, "TEXT", NULL, "up run",
	 "parameters for the image's kernel, as on the command line of any Linux"},
	{"core", OPT_CORE, "[DIR]", NULL, "up run",
	 "let the domain dump core, which holds data of all its clients; into a directory of its "
	 "own in DIR if this host writes cores to files"},
	{"log-level", OPT_LOG_LEVEL, "LEVEL", "info", "up run",
	 "what the supervisor logs: error, warn, info or debug"},
	{"follow", 'f', NULL, NULL, "log", "also print new lines, until the supervisor ends"},
	{"lines", 'n', "N", NULL, "log", "only the last N lines"},
	{"trace", OPT_TRACE, "[FILE]", "standard error", "run",
	 "print each call of each thread: where it went and why, its result, how long it took"},
	{"output", 'o', "FILE", "standard output", "trace", "print the calls into FILE"},
	{"pid", 'p', "PID", NULL, "trace", "only the calls of this process"},
	{"belts", 'v', NULL, NULL, "ps", "also show what confines each domain"},
	{},
};

int kdom_option_set(void *values, int key, const char *arg)
{
	struct kdom_values *v = values;
	struct config *cfg = &v->cfg;

	switch (key) {
	case OPT_IMAGE:
		return copy_path(cfg->image, "image", arg);
	case OPT_MANIFEST:
		return copy_path(cfg->manifest, "manifest", arg);
	case OPT_DEVICE:
		return add_override(cfg, arg);
	case OPT_NO_TAP:
		cfg->no_tap = true;
		return 0;
	case OPT_RAM:
		if (!parse_size(arg, &cfg->ram))
			return 0;
		say("--ram=%s: must be a size from 1M to 1024G, like 64M", arg);
		return -EINVAL;
	case OPT_CPU:
		return parse_cpu(arg, &cfg->cpu);
	case OPT_RESTART:
		return parse_restart(arg, &cfg->restart);
	case OPT_DEBUG:
		return set_debug(v, arg ? arg : "debug");
	case OPT_VERBOSE:
		cfg->verbose = true;
		return 0;
	case OPT_CMDLINE:
		return set_cmdline(cfg, arg);
	case OPT_CORE:
		cfg->core = true;
		return arg ? copy_path(cfg->core_dir, "core", arg) : 0;
	case OPT_LOG_LEVEL:
		v->log_level_given = true;
		return parse_log_level(arg, &cfg->log_level);
	case 'f':
		v->follow = true;
		return 0;
	case 'n':
		return parse_lines(arg, &v->lines);
	case OPT_TRACE:
		v->trace = true;
		v->trace_file = arg;
		return 0;
	case 'o':
		v->output = arg;
		return 0;
	case 'p':
		return parse_pid(arg, &v->pid);
	case 'v':
		v->belts = true;
		return 0;
	default:
		return -ENOSYS;
	}
}
