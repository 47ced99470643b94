/* SPDX-License-Identifier: GPL-2.0 */
/*
 * config.h: what the command line and the manifest say about a domain. A struct config is filled by
 * a command: options first, then config_complete() (files and the manifest), then devices_open().
 * It is copied into the daemon, which owns the fds in it from then on.
 */
#ifndef KDOM_CONFIG_H
#define KDOM_CONFIG_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "log.h"
#include <sd/control.h>
#include <sd/machine.h>

enum restart { RESTART_NO, RESTART_ON_FAILURE, RESTART_ALWAYS };

struct device {
	char type[16];
	char backend[16];
	char ifname[16];     /* tap: name of the interface */
	char host[32];	     /* tap: address of the host's end, A.B.C.D/P */
	char path[PATH_MAX]; /* file, ram: the file that holds the file system */
	uint64_t size;	     /* ram: bytes; 0: the file's size */
	char args[512];	     /* ",key=value..." for the image */
	int fd;		     /* opened by the backend, or -1 */
};

#define OVERRIDES_MAX 32
#define PEERS_MAX     4

struct machine;

struct config {
	char name[SD_NAME_MAX];
	char image[PATH_MAX];
	char manifest[PATH_MAX];
	struct device dev[SD_DEVICES_MAX];
	int ndev;
	struct {
		char name[SD_NAME_MAX];
		char calls[SD_CALLS_MAX]; /* as in struct sd_ctl_attach */
	} peer[PEERS_MAX];		  /* domains that this one calls */
	int npeers;
	const char *override[OVERRIDES_MAX]; /* --device: "N:key=value" */
	int noverride;
	char transport[SD_TRANSPORT_MAX]; /* from the manifest; "": it names none */
	char machine_name[32];		  /* from the manifest; "": it names none */
	const struct machine *machine;	  /* the machine that it runs on, see machine.h */
	uint64_t ram;
	int cpu; /* -1: anywhere */
	enum restart restart;
	bool no_tap;
	char debug[32]; /* --debug: the debug kind; "": the ordinary image */
	bool verbose;	/* --verbose and --cmdline are passed to the image */
	char cmdline[500];
	enum log_level log_level;
	bool core;		 /* --core */
	char core_dir[PATH_MAX]; /* "": none */
	int image_fd;
	int hide_error; /* errno of image_hide() */
};

#define RAM_DEFAULT (64ull << 20)

/* ---- manifest.c ---- */

/*
 * Reads cfg->manifest: devices, peers, and RAM unless an option set it. 0, or -errno after
 * printing.
 */
int manifest_load(struct config *cfg);

/* ---- config.c ---- */

/* Fills in what the options didn't set: image, devices, RAM. 0, or -errno after printing. */
int config_complete(struct config *cfg);

#endif
