/* SPDX-License-Identifier: MIT */
/*
 * payload.h - CONTRACT: host code in a domain's image. What a machine's link.sh is given as PAYLOAD
 * is linked with kernel and machine, and runs instead of serving, as pid 1 of the kernel side
 * (SD_MODE_PAYLOAD of sd/machine.h). For tests: program and kernel are one process there.
 */
#ifndef SD_PAYLOAD_H
#define SD_PAYLOAD_H

/* The payload's own. Its result is the image's exit status. An image without one serves. */
int sd_payload(void) __attribute__((weak));

/* The machine's: the arguments that the image was started with. */
extern int sd_payload_argc;
extern char **sd_payload_argv;

#endif
