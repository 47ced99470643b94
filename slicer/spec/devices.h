/* SPDX-License-Identifier: GPL-2.0 */
/*
 * devices.h: the key "devices": each type has a driver, runtime/kernel/dev_TYPE.c, and maybe cuts
 * and keeps that a domain with such a device has, dev_TYPE.json beside it. Used by spec.c.
 */
#ifndef KSLICE_SPEC_DEVICES_H
#define KSLICE_SPEC_DEVICES_H

#include "spec/json.h"
#include "spec/spec.h"

/* 0, or -1 after printing place, cause and cure. */
int spec_load_devices(struct spec *spec, struct spec_file *f, json_t *array);

#endif
