// SPDX-License-Identifier: GPL-2.0
/* devices.c: the devices of a spec: are there drivers, can their file systems be mounted? See
 * devices.h. */
#include "spec/devices.h"
#include "base/util.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Each type needs a driver in the image: runtime/kernel/dev_TYPE.c. */
static int check_device_type(const struct spec_place *at, const char *type)
{
	char *path = xasprintf("%s/runtime/kernel/dev_%s.c", repo_root(), type),
	     *name = xasprintf("\"%s\"", type);
	char *text = type[strcspn(type, "/.")] ? NULL : read_file(path, NULL);
	int r = 0;

	if (!text || !strstr(text, name))
		r = spec_error(
			at,
			"\"net\", \"block\" and \"mount\" have one; another would be runtime/kernel/dev_TYPE.c",
			"no driver for devices of type \"%s\"", type);
	free(text);
	free(name);
	free(path);
	return r;
}

/* What is mounted must be somewhere: on a disk that is there, or nowhere at all (type "mount"). */
static int check_mount(const struct spec_place *at, const json_t *dev, const char *type)
{
	const char *backend = json_string_value(json_object_get(dev, "backend"));
	bool mount = json_object_get(dev, "mount"), fs = json_object_get(dev, "fs");
	bool disk = strcmp(type, "mount");

	if ((mount || !disk) && !(mount && fs))
		return spec_error(at, "as in \"mount\": \"/sd\", \"fs\": \"ext4\"",
				  "a mount needs both \"mount\", the path, and \"fs\"");
	if (mount && disk && !strcmp(backend ?: "", "none"))
		return spec_error(
			at,
			"\"type\": \"mount\" mounts a file system that needs no disk (ramfs, devpts); "
			"else give the disk a backend, or leave out \"mount\"",
			"nothing would be mounted: \"backend\": \"none\" is no disk");
	if (!disk && backend)
		return spec_error(at, "remove it, or make it a \"block\" device",
				  "\"backend\" has no meaning for \"mount\", which has no disk");
	return 0;
}

/* runtime/kernel/dev_TYPE.json, if there is one: what a domain with such a device cuts and
 * keeps. */
static int add_type_cuts(struct spec *spec, const char *type)
{
	char *path = xasprintf("%s/runtime/kernel/dev_%s.json", repo_root(), type);
	int r = 0;

	for (struct spec_file *f = spec->files; f; f = f->next)
		if (!strcmp(f->path, path))
			goto out; /* of an earlier device */
	if (!access(path, F_OK))
		r = spec_add(spec, path);
out:
	free(path);
	return r;
}

/* A device's other keys are passed to the image, so only their type can be checked. */
int spec_load_devices(struct spec *spec, struct spec_file *f, json_t *array)
{
	const char *key, *type;
	json_t *dev, *v;
	size_t i;

	json_array_foreach (array, i, dev) {
		struct spec_place at = spec_at(f, "/devices/%zu", i);

		if (!json_is_object(dev) || !json_is_string(json_object_get(dev, "type")))
			return spec_error(&at,
					  "as in {\"type\": \"net\", \"backend\": \"tap\", ...}",
					  "a device must be an object with a \"type\"");
		at = spec_at(f, "/devices/%zu/type", i);
		type = json_string_value(json_object_get(dev, "type"));
		if (check_device_type(&at, type) || add_type_cuts(spec, type))
			return -1;
		json_object_foreach (dev, key, v) {
			at = spec_at(f, "/devices/%zu/%s", i, key);
			if (!json_is_string(v))
				return spec_error(&at, "write the value in quotes",
						  "\"%s\" must be a string", key);
		}
		at = spec_at(f, "/devices/%zu", i);
		if (check_mount(&at, dev, type))
			return -1;
	}
	spec->devices = array;
	return 0;
}
