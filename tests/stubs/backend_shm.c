// SPDX-License-Identifier: GPL-2.0
/*
 * backend_shm.c: the stubs over the shm transport, against a domain process: --image=IMAGE. This
 * program plays its supervisor (tests/serve/domain.h) and is its client.
 */
#include "stub_test.h"
#include "../serve/domain.h"

#include <stdlib.h>
#include <string.h>

const char *backend_name = "shm";
bool backend_is_kernel = true;

static struct domain domain;
static struct dclient client;

struct side backend_domain = {.name = "domain", .call = backend_call};

void backend_start(int argc, char **argv)
{
	const char *image = NULL;
	int r;

	for (int i = 1; i < argc; i++)
		if (!strncmp(argv[i], "--image=", 8))
			image = argv[i] + 8;
	if (!image)
		st_die("give --image=IMAGE");
	domain_start(&domain, image, 64);
	r = domain_attach(&domain, &client, 0, 0);
	if (r)
		st_die("attach: %s", strerror(-r));
	dclient_qp(&domain, &client, &backend_qp, 0);
}

int main(int argc, char **argv)
{
	int status = stub_tests(argc, argv);

	domain_stop(&domain);
	return status;
}

void backend_fresh(void)
{
	struct dclient old = client;
	int r = domain_attach(&domain, &client, 0, 0);

	if (r)
		st_die("attach: %s", strerror(-r));
	domain_detach(&domain, &old);
	dclient_qp(&domain, &client, &backend_qp, 0);
}
