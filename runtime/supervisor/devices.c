// SPDX-License-Identifier: GPL-2.0
/* devices.c: backends, the host's side of a domain's devices. Opened by the command, kept by the
 * daemon. */
#include "devices.h"
#include "log.h"
#include "options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int tap_error(const struct device *dev, const char *what, int err)
{
	say("tap device %s: cannot %s: %s", dev->ifname, what, strerror(err));
	if (err == EPERM || err == EACCES)
		say("this needs root or CAP_NET_ADMIN; `--no-tap` runs the domain with loopback "
		    "only");
	else if (err == ENOENT)
		say("/dev/net/tun is missing (modprobe tun); `--no-tap` runs the domain with "
		    "loopback only");
	else if (err == EBUSY)
		say("another domain or program holds it; `kdom ps` shows the domains");
	return -err;
}

/* "10.99.0.1/24" => address and netmask, network byte order */
static int parse_cidr(const char *text, struct in_addr *addr, struct in_addr *mask)
{
	char ip[32], *slash, *end;
	long bits;

	snprintf(ip, sizeof(ip), "%s", text);
	slash = strchr(ip, '/');
	if (!slash)
		return -EINVAL;
	*slash = 0;
	bits = strtol(slash + 1, &end, 10);
	if (*end || bits < 1 || bits > 32 || inet_pton(AF_INET, ip, addr) != 1)
		return -EINVAL;
	mask->s_addr = htonl(bits == 32 ? ~0u : ~(~0u >> bits));
	return 0;
}

static void set_addr(struct ifreq *ifr, struct in_addr addr)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr = addr};

	memcpy(&ifr->ifr_addr, &sin, sizeof(sin));
}

/* Gives the host's end its address and brings it up. */
static int tap_configure(const struct device *dev)
{
	struct in_addr addr = {0}, mask = {0};
	struct ifreq ifr = {0};
	int sock, err = 0;

	if (dev->host[0] && parse_cidr(dev->host, &addr, &mask)) {
		say("tap device %s: \"host\": \"%s\" must look like 10.99.0.1/24", dev->ifname,
		    dev->host);
		return -EINVAL;
	}
	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return tap_error(dev, "open a socket", errno);
	strcpy(ifr.ifr_name, dev->ifname);
	if (dev->host[0]) {
		set_addr(&ifr, addr);
		if (ioctl(sock, SIOCSIFADDR, &ifr))
			err = tap_error(dev, "set its address", errno);
		set_addr(&ifr, mask);
		if (!err && ioctl(sock, SIOCSIFNETMASK, &ifr))
			err = tap_error(dev, "set its netmask", errno);
	}
	if (!err && ioctl(sock, SIOCGIFFLAGS, &ifr))
		err = tap_error(dev, "read its flags", errno);
	ifr.ifr_flags |= IFF_UP;
	if (!err && ioctl(sock, SIOCSIFFLAGS, &ifr))
		err = tap_error(dev, "bring it up", errno);
	close(sock);
	return err;
}

static int tap_open(struct device *dev)
{
	/* With a virtio header per packet, so image and host can omit checksums and segmentation.
	 */
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
	int fd, err;

	if (!dev->ifname[0])
		strcpy(dev->ifname, "kdom%d");
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return tap_error(dev, "open /dev/net/tun", errno);
	strcpy(ifr.ifr_name, dev->ifname);
	if (ioctl(fd, TUNSETIFF, &ifr)) {
		err = tap_error(dev, "make it", errno);
		close(fd);
		return err;
	}
	strcpy(dev->ifname, ifr.ifr_name);
	err = tap_configure(dev);
	if (err) {
		close(fd);
		return err;
	}
	dev->fd = fd;
	return 0;
}

/* A key of the manifest that concerns the host: its value is stored in struct device. */
struct device_key {
	const char *name;
	size_t at, size; /* of the member; size 0: a number of bytes */
};

static const struct device_key net_keys[] = {
	{"name", offsetof(struct device, ifname), sizeof(((struct device *)NULL)->ifname)},
	{"host", offsetof(struct device, host), sizeof(((struct device *)NULL)->host)},
	{},
};

static const struct device_key block_keys[] = {
	{"path", offsetof(struct device, path), sizeof(((struct device *)NULL)->path)},
	{"size", offsetof(struct device, size), 0},
	{},
};

/* The device types and their backends. All have the backend "none": the device is absent (a net
 * domain then has only loopback), or the host has nothing of it. */
static const struct device_type {
	const char *name;
	const struct device_key *keys;
	bool disk;   /* writing dirty data takes time, and programs map its files */
	bool inside; /* the domain's alone: the image is told of it, but gets no descriptor */
	struct backend {
		const char *name;
		int (*open)(struct device *dev);
	} backends[3];
} types[] = {
	{"net", net_keys, false, false, {{"tap", tap_open}}},
	{"block", block_keys, true, false, {{"file", disk_file_open}, {"ram", disk_ram_open}}},
	{"mount", NULL, false, true, {}},
};

#define NTYPES (sizeof(types) / sizeof(types[0]))

static const struct backend no_device = {"none", NULL};

static const struct device_type *type_of(const struct device *dev)
{
	for (size_t i = 0; i < NTYPES; i++)
		if (!strcmp(types[i].name, dev->type))
			return &types[i];
	return NULL;
}

bool device_is_disk(const struct device *dev)
{
	const struct device_type *t = type_of(dev);

	return t && t->disk;
}

bool device_is_inside(const struct device *dev)
{
	const struct device_type *t = type_of(dev);

	return t && t->inside;
}

int device_set(struct device *dev, const char *key, const char *value)
{
	const struct device_type *t = type_of(dev);
	const struct device_key *k = t ? t->keys : NULL;

	while (k && k->name && strcmp(k->name, key))
		k++;
	if (!k || !k->name)
		return -ENOENT;
	if (!value)
		return -EINVAL;
	if (!k->size)
		return parse_size(value, (uint64_t *)((char *)dev + k->at));
	if (strlen(value) >= k->size)
		return -EINVAL;
	strcpy((char *)dev + k->at, value);
	return 0;
}

static const struct backend *backend_of(const struct device *dev)
{
	const struct device_type *t = type_of(dev);

	for (const struct backend *b = t ? t->backends : NULL; b && b->name; b++)
		if (!strcmp(b->name, dev->backend))
			return b;
	return strcmp(no_device.name, dev->backend) ? NULL : &no_device;
}

static int no_backend(const struct config *cfg, int i)
{
	const struct device *dev = &cfg->dev[i];
	const struct device_type *t = type_of(dev);
	char known[128] = "";

	for (const struct backend *b = t ? t->backends : NULL; b && b->name; b++)
		snprintf(known + strlen(known), sizeof(known) - strlen(known), " \"%s\"", b->name);
	say("%s: /devices/%d/backend: no backend \"%s\" for a %s device; there is%s \"%s\"",
	    cfg->manifest, i, dev->backend, dev->type, known, no_device.name);
	return -EINVAL;
}

/* A disk that isn't there, with a file system to be mounted from it. */
static int nothing_to_mount(const struct config *cfg, int i)
{
	say("%s: /devices/%d: a disk with \"mount\" needs a backend, else nothing would be mounted; a file system without a disk is a device of type \"mount\"",
	    cfg->manifest, i);
	return -EINVAL;
}

int devices_open(struct config *cfg)
{
	for (int i = 0; i < cfg->ndev; i++) {
		struct device *dev = &cfg->dev[i];
		const struct backend *b = backend_of(dev);
		int err;

		if (!b)
			return no_backend(cfg, i);
		if (!b->open && device_is_disk(dev) && strstr(dev->args, ",mount="))
			return nothing_to_mount(cfg, i);
		if (!b->open || (cfg->no_tap && b->open == tap_open))
			continue;
		err = b->open(dev);
		if (err)
			return err;
	}
	return 0;
}
