/* SPDX-License-Identifier: GPL-2.0 */
/*
 * frames.h: crafted frames for a domain's network device, by libFuzzer inside of the domain: the
 * harness is the payload of the image (sd/payload.h) and the other end of its
 * "TAP", a socket pair.
 *
 *   frames.c   libFuzzer, the device's fd, and when a frame has been seen to
 *   frame.c    an input's records become frames, with addresses, lengths and checksums made good or
 *              left as they are
 *   sockets.c  what in the domain listens, by the generated stubs over loop
 *
 * An input is records: how (8 bits), length (16 bits), bytes. See frame.c.
 */
#ifndef FUZZ_FRAMES_H
#define FUZZ_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_MAX 66000
#define VNET_HDR  10
#define PORT	  7777 /* of the domain's sockets */

/* Takes the next record off *data. Length of the frame, 0: none left. */
size_t frame_next(const uint8_t **data, size_t *len, uint8_t *frame, bool vnet);
/* A question that is always answered; and is this the answer to it? */
size_t frame_question(uint8_t *frame, bool vnet, uint16_t n);
bool frame_is_answer(const uint8_t *frame, size_t len, uint16_t n);
/* Something else came from the domain: what is next of its connection; a number for what kind of
 * frame it is. */
uint32_t frame_seen(const uint8_t *frame, size_t len);

void sockets_begin(void);
/* Lets the domain work for some time, at most. */
void sockets_wait(int ms);
/* Takes what came, and ends connections. */
void sockets_use(void);

#endif
