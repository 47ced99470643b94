// SPDX-License-Identifier: GPL-2.0
/*
 * ext4.c: libFuzzer's side, see ext4.h. FUZZ_DOMAIN is the domain image, FUZZ_BASES the two base
 * images, KSLICE_DEV its --dev with fd=5; FUZZ_SHOW: show the console. A domain may refuse to
 * mount, or answer with errors; its console may not have a BUG, WARNING or Oops, nor may it hang,
 * nor panic but where the superblock asks for that. What is new is told to libFuzzer by the answers
 * of calls, and by the lines that ext4 complained with.
 */
#include "ext4.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNTERS 8192 /* one half by answers, the other by complaints */
#define CONSOLE	 65536
#define HANG_S	 60
#define LONGEST	 4096

__attribute__((section("__libfuzzer_extra_counters"),
	       used)) static volatile uint8_t counters[COUNTERS];

static uint8_t *base[2], *shared, *image;
static size_t size[2];
static int disk;
static char console[CONSOLE];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "ext4: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void load(int i, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	must(fd >= 0 && !fstat(fd, &st), path);
	size[i] = (size_t)st.st_size;
	base[i] = mmap(NULL, size[i], PROT_READ, MAP_PRIVATE, fd, 0);
	must(base[i] != MAP_FAILED, path);
	close(fd);
}

static void begin(void)
{
	const char *bases = getenv("FUZZ_BASES");
	char path[4096], name[64];

	must(bases && getenv("FUZZ_DOMAIN"), "FUZZ_BASES, FUZZ_DOMAIN: run.sh sets them");
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/base%d.img", bases, i);
		load(i, path);
	}
	shared = mmap(NULL, COUNTERS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	disk = memfd_create("disk", 0);
	must(shared != MAP_FAILED && disk >= 0 && !ftruncate(disk, (off_t)size[0]), "memory");
	image = mmap(NULL, size[0], PROT_READ | PROT_WRITE, MAP_SHARED, disk, 0);
	must(image != MAP_FAILED && size[0] == size[1], "memory");
	snprintf(name, sizeof(name), "/proc/%d/fd/%d", getpid(), disk);
	setenv("KSLICE_DEV_FILE", name, 1);
}

static pid_t start(int out)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	setpgid(0, 0);
	for (int s = 1; s < 32; s++) /* libFuzzer's */
		signal(s, SIG_DFL);
	dup2(out, 1), dup2(out, 2);
	use_domain(getenv("FUZZ_DOMAIN"), shared, COUNTERS / 2);
	_exit(0);
}

/* All that it says until it ends; false: it doesn't. */
static bool listen_to(int in)
{
	struct pollfd p = {.fd = in, .events = POLLIN};
	size_t n = 0;
	ssize_t got = 1;

	for (int left = HANG_S; left && got; left--)
		while (got && poll(&p, 1, 1000) > 0) {
			char rest[4096];

			got = n < CONSOLE - 1 ? read(in, console + n, CONSOLE - 1 - n)
					      : read(in, rest, sizeof(rest));
			if (got > 0 && n < CONSOLE - 1)
				n += (size_t)got;
			got = got > 0;
		}
	console[n] = 0;
	return !got;
}

/* "EXT4-fs error (device vda): ext4_find_extent:936: inode #12: ..." is another way through the
 * code by its function and line. */
static void learn(void)
{
	for (const char *line = console; line && *line;
	     line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		uint32_t h = 2166136261u;

		if (strncmp(line, "EXT4-fs", 7) && strncmp(line, "JBD2", 4))
			continue;
		for (const char *p = line; *p && *p != '\n' && *p != '#' && p < line + 90; p++)
			h = (h ^ (uint8_t)*p) * 16777619u;
		counters[COUNTERS / 2 + h % (COUNTERS / 2)] = 1;
	}
	for (int i = 0; i < COUNTERS / 2; i++)
		counters[i] = shared[i];
}

static const char *wrong(int status, bool ended)
{
	static const char *const bad[] = {"BUG", "WARNING:", "Oops", "kslice: trap", "SEGV"};

	if (!ended)
		return "it hangs";
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (strstr(console, bad[i]))
			return bad[i];
	if (strstr(console, "Kernel panic"))
		return strstr(console, "can't mount") || strstr(console, "panic forced after error")
			       ? NULL
			       : "panic";
	return WIFEXITED(status) && !WEXITSTATUS(status) ? NULL : "it ended without a word why";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *what;
	int p[2], status = 0;
	bool ended;
	pid_t pid;

	if (!image)
		begin();
	if (!len || len > LONGEST)
		return -1;
	memcpy(image, base[data[0] & 1], size[0]);
	image_craft(image, size[0], data, len);
	memset(shared, 0, COUNTERS);
	must(!pipe2(p, O_CLOEXEC), "pipe");
	pid = start(p[1]);
	close(p[1]);
	ended = listen_to(p[0]);
	close(p[0]);
	kill(-pid, SIGKILL);
	waitpid(pid, &status, 0);
	learn();
	what = wrong(status, ended);
	if (getenv("FUZZ_SHOW"))
		fprintf(stderr, "%s\n", console);
	if (!what)
		return 0;
	fprintf(stderr, "ext4: %s; the domain's console:\n%s\n", what, console);
	abort();
}
