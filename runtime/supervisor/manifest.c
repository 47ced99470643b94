// SPDX-License-Identifier: GPL-2.0
/* manifest.c: reads manifest.json: the domain's devices and RAM. Keys that kdom doesn't know are
 * for the slicer. */
#include "config.h"
#include "devices.h"
#include "log.h"
#include "options.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int device_bad(const struct config *cfg, size_t i, const char *what)
{
	say("%s: /devices/%zu: %s", cfg->manifest, i, what);
	return -EINVAL;
}

static int copy_text(char *dst, size_t n, json_t *value)
{
	const char *text = json_string_value(value);

	if (!text || strlen(text) >= n)
		return -EINVAL;
	strcpy(dst, text);
	return 0;
}

/* Keys that don't concern the host are passed to the image. A comma would start another key there,
 * so it is replaced by a semicolon. */
static int add_arg(struct device *dev, const char *key, json_t *value)
{
	size_t used = strlen(dev->args), room = sizeof(dev->args) - used;
	int n;

	if (json_is_integer(value))
		n = snprintf(dev->args + used, room, ",%s=%lld", key,
			     (long long)json_integer_value(value));
	else if (json_is_string(value) && !strpbrk(json_string_value(value), "; \n"))
		n = snprintf(dev->args + used, room, ",%s=%s", key, json_string_value(value));
	else
		return -EINVAL;
	for (char *p = dev->args + used + 1; n < (int)room && *p; p++)
		if (*p == ',')
			*p = ';';
	return n < (int)room ? 0 : -EINVAL;
}

static int load_device(struct config *cfg, size_t i, json_t *object)
{
	struct device *dev = &cfg->dev[cfg->ndev];
	const char *key;
	json_t *value;
	int err;

	if (!json_is_object(object))
		return device_bad(cfg, i, "not an object");
	memset(dev, 0, sizeof(*dev));
	dev->fd = -1;
	if (copy_text(dev->type, sizeof(dev->type), json_object_get(object, "type")))
		return device_bad(cfg, i, "has no \"type\", or one that is too long");
	json_object_foreach (object, key, value) {
		if (!strcmp(key, "type"))
			continue;
		if (!strcmp(key, "backend"))
			err = copy_text(dev->backend, sizeof(dev->backend), value);
		else
			err = device_set(dev, key, json_string_value(value));
		if (err == -ENOENT)
			err = add_arg(dev, key, value);
		if (err) {
			say("%s: /devices/%zu/%s: must be a number, or text that isn't too long",
			    cfg->manifest, i, key);
			return err;
		}
	}
	if (!dev->backend[0] && device_is_inside(dev))
		strcpy(dev->backend, "none");
	if (!dev->backend[0])
		return device_bad(cfg, i,
				  "has no \"backend\"; use \"none\" for a device that isn't there");
	cfg->ndev++;
	return 0;
}

/* "N:key=value" overrides a key of device N. A path is relative to the working directory. */
static int device_override(const char *text, json_t *devices)
{
	char key[32], path[PATH_MAX], *end;
	const char *eq = strchr(text, '='), *value = eq ? eq + 1 : NULL;
	unsigned long n = strtoul(text, &end, 10);
	json_t *dev;

	if (!eq || end == text || *end != ':' || eq == end + 1 ||
	    eq - end - 1 >= (int)sizeof(key)) {
		say("--device=%s: must look like N:key=value, where N counts the manifest's devices from 0",
		    text);
		return -EINVAL;
	}
	snprintf(key, sizeof(key), "%.*s", (int)(eq - end - 1), end + 1);
	dev = json_array_get(devices, n);
	if (!dev) {
		say("--device=%s: the domain has %zu devices, counted from 0", text,
		    json_array_size(devices));
		return -EINVAL;
	}
	if (!strcmp(key, "path") && *value != '/') {
		if (!getcwd(path, sizeof(path)) || strlen(path) + strlen(value) + 2 > sizeof(path))
			return -ENAMETOOLONG;
		strcat(strcat(path, "/"), value);
		value = path;
	}
	return json_object_set_new(dev, key, json_string(value)) ? -EINVAL : 0;
}

/* {"domain": NAME, "calls": [NAME ...]}: a domain that this one calls, and the calls it makes
 * there. */
static int load_peer(struct config *cfg, json_t *object)
{
	json_t *calls = json_object_get(object, "calls"), *call;
	char *text = cfg->peer[cfg->npeers].calls;
	size_t i, used = 0;

	if (copy_text(cfg->peer[cfg->npeers].name, SD_NAME_MAX,
		      json_object_get(object, "domain")) ||
	    !json_array_size(calls))
		return -EINVAL;
	json_array_foreach (calls, i, call) {
		const char *name = json_string_value(call);
		int n = name ? snprintf(text + used, SD_CALLS_MAX - used, "%s%s", i ? "," : "",
					name)
			     : -1;

		if (n < 0 || used + n >= SD_CALLS_MAX)
			return -EINVAL;
		used += n;
	}
	cfg->npeers++;
	return 0;
}

static int load_peers(struct config *cfg, json_t *peers)
{
	json_t *item;
	size_t i;

	json_array_foreach (peers, i, item) {
		if (cfg->npeers < PEERS_MAX && !load_peer(cfg, item))
			continue;
		say("%s: /peers/%zu: must be {\"domain\", \"calls\"}, within kdom's limits",
		    cfg->manifest, i);
		return -EINVAL;
	}
	return 0;
}

/* Reads its name; kdom's side of it is found later, see machine.h. */
static int load_machine(struct config *cfg, json_t *machine)
{
	if (!machine || !copy_text(cfg->machine_name, sizeof(cfg->machine_name), machine))
		return 0;
	say("%s: /machine: kdom has no machine of that name", cfg->manifest);
	return -EINVAL;
}

/* The name is the image's and the launcher's to look up: kdom has no side of a transport. */
static int load_transport(struct config *cfg, json_t *transport)
{
	if (!transport || !copy_text(cfg->transport, sizeof(cfg->transport), transport))
		return 0;
	say("%s: /transport: must be a name of at most %d characters", cfg->manifest,
	    SD_TRANSPORT_MAX - 1);
	return -EINVAL;
}

int manifest_load(struct config *cfg)
{
	json_error_t error;
	json_t *root = json_load_file(cfg->manifest, 0, &error), *devices, *ram, *item;
	size_t i;
	int err = 0;

	if (!root) {
		say("%s:%d: %s", cfg->manifest, error.line, error.text);
		return -EINVAL;
	}
	devices = json_object_get(root, "devices");
	for (int o = 0; !err && o < cfg->noverride; o++)
		err = device_override(cfg->override[o], devices);
	if (devices && (!json_is_array(devices) || json_array_size(devices) > SD_DEVICES_MAX)) {
		say("%s: /devices: must be an array of at most %d devices", cfg->manifest,
		    SD_DEVICES_MAX);
		err = -EINVAL;
	} else if (!err) {
		json_array_foreach (devices, i, item)
			if (!err)
				err = load_device(cfg, i, item);
	}
	if (!err)
		err = load_peers(cfg, json_object_get(root, "peers"));
	if (!err)
		err = load_machine(cfg, json_object_get(root, "machine"));
	if (!err)
		err = load_transport(cfg, json_object_get(root, "transport"));
	ram = json_object_get(root, "ram");
	if (!err && ram && !cfg->ram &&
	    (!json_is_string(ram) || parse_size(json_string_value(ram), &cfg->ram))) {
		say("%s: /ram: must be a size from 1M to 1024G, like \"64M\"", cfg->manifest);
		err = -EINVAL;
	}
	json_decref(root);
	return err;
}
