// SPDX-License-Identifier: GPL-2.0
/* Options of the command line, and what holds without them. */
#include "options.h"
#include "log.h"

#include <errno.h>
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

enum {
	OPT_IMAGE = CLI_KEY(0),
	OPT_MANIFEST,
	OPT_DEVICE,
	OPT_NO_TAP,
	OPT_RAM,
	OPT_CPU,
	OPT_RESTART
};

const struct cli_option kdom_options[] = {
	{"image", OPT_IMAGE, "FILE", "NAME/NAME.image", "up run", "the domain's image"},
	{"manifest", OPT_MANIFEST, "FILE", "NAME/manifest.json", "up run",
	 "its manifest: devices and RAM"},
	{"device", OPT_DEVICE, "N:KEY=VALUE", NULL, "up run",
	 "another value for a key of the manifest's device N, counted from 0; may be repeated: "
	 "--device 0:path=/x.img --device 0:backend=ram"},
	{"no-tap", OPT_NO_TAP, NULL, NULL, "up run",
	 "without its TAP device: loopback only, needs no root"},
	{"ram", OPT_RAM, "SIZE", "the manifest's, else 64M", "up run", "memory of the domain"},
	{"cpu", OPT_CPU, "N", NULL, "up run", "pin the domain to this CPU"},
	{"restart", OPT_RESTART, "POLICY", "no", "up run",
	 "start the domain again when it has died: no, on-failure or always"},
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
	case 'v':
		v->belts = true;
		return 0;
	default:
		return -ENOSYS;
	}
}
