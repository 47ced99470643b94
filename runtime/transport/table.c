// SPDX-License-Identifier: MIT
/*
 * table.c: all transports, by name. Compiled for both sides, and the only place outside their
 * folders that names them. A program has the sides that it was linked with; the others are weak,
 * and NULL.
 */
#include <sd/transport.h>

#define TRANSPORTS(T) T(shm) T(loop) T(peer)

#define DECLARE(name)                                                                \
	extern const struct sd_client_side sd_##name##_client __attribute__((weak)); \
	extern const struct sd_server_side sd_##name##_server __attribute__((weak));
TRANSPORTS(DECLARE)

#define ROW(name) {#name, &sd_##name##_client, &sd_##name##_server},
static const struct sd_transport transports[] = {TRANSPORTS(ROW)};

#define NTRANSPORTS (sizeof(transports) / sizeof(transports[0]))

static bool transport_named(const struct sd_transport *t, const char *name)
{
	size_t i = 0;

	while (t->name[i] && t->name[i] == name[i])
		i++;
	return t->name[i] == name[i];
}

const struct sd_client_side *sd_transport_client(const char *name)
{
	unsigned int i;

	for (i = 0; i < NTRANSPORTS; i++)
		if (transports[i].client && (!name || transport_named(&transports[i], name)))
			return transports[i].client;
	return NULL;
}

const struct sd_server_side *sd_transport_server(const char *name)
{
	unsigned int i;

	for (i = 0; i < NTRANSPORTS; i++)
		if (transports[i].server && (!name || transport_named(&transports[i], name)))
			return transports[i].server;
	return NULL;
}
