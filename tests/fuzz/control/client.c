// SPDX-License-Identifier: GPL-2.0
/* The client's end: what a supervisor, or who claims to be one, may answer. */
#include "client.h"
#include "fuzz.h"

#include <sd/ring.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void answer(struct input *in, int sock, uint16_t of)
{
	int fds[FUZZ_FDS], n = of == SD_CTL_ATTACH ? 3 : of == SD_CTL_SHARE;
	uint8_t what = choice(in);
	struct sd_ctl_msg m;
	size_t len;

	if (what & 1)
		n = choice(in) % 13;
	for (int i = 0; i < n; i++)
		fds[i] = eventfd(0, EFD_CLOEXEC);
	len = fuzz_message(in, &m, SD_CTL_REPLY, n);
	if (!(what & 2))
		m.of = of;
	if (!(what & 4))
		m.u.attach.region_size = SD_REGION_SIZE;
	if (!(what & 8))
		memset(m.u.attach.transport, 0, sizeof(m.u.attach.transport));
	fuzz_send(sock, &m, len, fds, n);
	for (int i = 0; i < n; i++)
		close(fds[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t asked[] = {SD_CTL_ATTACH, SD_CTL_TICKET, SD_CTL_SHARE};
	struct input in = {data, size};
	int pair[2], before = fuzz_fds(), on = 1;

	FUZZ_CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	if (choice(&in) & 1) /* the answer may bring credentials as well */
		setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	for (int i = 0; in.left && i < 50; i++) {
		uint16_t of = asked[choice(&in) % 3];
		int fd[SD_CTL_FDS_MAX + 1] = {-1, -1, -1, 1234};
		unsigned int nfds;

		answer(&in, pair[0], of);
		if (!client_takes(pair[1], of, of == SD_CTL_TICKET, fd, &nfds)) {
			FUZZ_CHECK(nfds <= SD_CTL_FDS_MAX && (of != SD_CTL_ATTACH || nfds == 3));
			for (unsigned int k = 0; k < nfds; k++)
				FUZZ_CHECK(!close(fd[k]));
		}
		FUZZ_CHECK(fd[SD_CTL_FDS_MAX] == 1234);
		if (of == SD_CTL_TICKET)
			while (recv(pair[1], &in, 0, MSG_DONTWAIT | MSG_TRUNC) > 0)
				;
	}
	close(pair[0]);
	close(pair[1]);
	FUZZ_CHECK(fuzz_fds() == before);
	return 0;
}
