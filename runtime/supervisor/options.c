// SPDX-License-Identifier: GPL-2.0
/* The command line's part of struct config, and the defaults. */
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
	return -ENAMETOOLONG;
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

int options_parse(struct config *cfg, int argc, char **argv)
{
	static const struct option opts[] = {
		{"image", required_argument, NULL, 'i'},
		{"manifest", required_argument, NULL, 'm'},
		{"device", required_argument, NULL, 'd'},
		{"no-tap", no_argument, NULL, 't'},
		{"ram", required_argument, NULL, 'r'},
		{"cpu", required_argument, NULL, 'c'},
		{"restart", required_argument, NULL, 'R'},
		{NULL, 0, NULL, 0},
	};
	int o, err = 0;

	memset(cfg, 0, sizeof(*cfg));
	cfg->cpu = -1;
	cfg->image_fd = -1;
	optind = 0;
	while (!err && (o = getopt_long(argc, argv, "+", opts, NULL)) != -1) {
		switch (o) {
		case 'i':
			err = copy_path(cfg->image, "image", optarg);
			break;
		case 'm':
			err = copy_path(cfg->manifest, "manifest", optarg);
			break;
		case 'd':
			err = add_override(cfg, optarg);
			break;
		case 't':
			cfg->no_tap = true;
			break;
		case 'r':
			err = parse_size(optarg, &cfg->ram);
			if (err)
				say("--ram=%s: must be a size from 1M to 1024G, like 64M", optarg);
			break;
		case 'c':
			err = parse_cpu(optarg, &cfg->cpu);
			break;
		case 'R':
			err = parse_restart(optarg, &cfg->restart);
			break;
		default:
			err = -EINVAL;
		}
	}
	return err ? err : optind;
}

/* --image and --manifest are relative to where the user stands; the daemon works in /. */
static int absolute(char *path)
{
	char full[PATH_MAX];

	if (!realpath(path, full))
		return -errno;
	strcpy(path, full);
	return 0;
}

static int default_path(char *path, const char *name, const char *file)
{
	char rel[PATH_MAX];

	if (snprintf(rel, sizeof(rel), "%s/%s", name, file) >= (int)sizeof(rel))
		return -ENAMETOOLONG;
	return paths_beside(path, PATH_MAX, rel);
}

int config_complete(struct config *cfg)
{
	char file[SD_NAME_MAX + 8];
	int err;

	snprintf(file, sizeof(file), "%s.image", cfg->name);
	if (!cfg->image[0] && (err = default_path(cfg->image, cfg->name, file)))
		return err;
	if (!cfg->manifest[0] && (err = default_path(cfg->manifest, cfg->name, "manifest.json")))
		return err;
	if (absolute(cfg->image) || (cfg->image_fd = open(cfg->image, O_RDONLY | O_CLOEXEC)) < 0) {
		err = errno;
		say("%s: cannot open the domain image: %s; build it with `kslice build %s`, or "
		    "name one with --image",
		    cfg->image, strerror(err), cfg->name);
		return -err;
	}
	if (absolute(cfg->manifest)) {
		err = errno;
		say("%s: cannot open the manifest: %s; `kslice build %s` writes it, or name one "
		    "with --manifest",
		    cfg->manifest, strerror(err), cfg->name);
		return -err;
	}
	err = manifest_load(cfg);
	if (!err && !cfg->ram)
		cfg->ram = RAM_DEFAULT;
	return err;
}
