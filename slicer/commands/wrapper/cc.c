// SPDX-License-Identifier: GPL-2.0
/*
 * kslice-cc: takes the compiler's place while kbuild.c runs Kbuild, to record the commands without
 * compiling.
 *
 *      `clang ... -c x.c` of the kernel: the command goes to the log, an empty object and a
 *          dependency file are written
 *      `clang ... -c x.S`, `clang -S x.c`: run for real; command and dependencies go to the log
 *      everything else (probes, host programs, -E): run for real
 *
 * It has the compiler's name and comes first in PATH. Environment: KSLICE_CC_REAL the real
 * compiler, KSLICE_CC_LOG the log, KSLICE_CC_EMPTY an empty object. A log record (struct cc_record,
 * then strings) is written at once, before the object: so every object that make considers up to
 * date is recorded.
 */
#include "cc_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct job {
	int kernel, compile, to_asm, other_tree, preprocess;
	const char *source, *object, *depfile;
};

static void wrapper_fail(const char *what, const char *name)
{
	fprintf(stderr, "kslice-cc: %s: %s: %s\n", name ? name : "(unset)", what, strerror(errno));
	exit(1);
}

static int ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && !strcmp(s + n - m, suffix);
}

static void read_args(struct job *job, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *a = argv[i];

		if (!strcmp(a, "-D__KERNEL__"))
			job->kernel = 1;
		else if (!strcmp(a, "-c"))
			job->compile = 1;
		else if (!strcmp(a, "-S"))
			job->to_asm = 1;
		else if (!strcmp(a, "-E"))
			job->preprocess = 1;
		else if (!strcmp(a, "-o") && i + 1 < argc)
			job->object = argv[++i];
		else if (!strncmp(a, "-Wp,-MMD,", 9))
			job->depfile = a + 9;
		else if (!strncmp(a, "-Wp,-MD,", 8))
			job->depfile = a + 8;
		else if (!strcmp(a, "-m16") || !strncmp(a, "-DBUILD_VDSO", 12) ||
			 !strcmp(a, "-D_SETUP") || !strcmp(a, "-D__DISABLE_EXPORTS"))
			job->other_tree = 1; /* code that isn't linked into the kernel */
		else if (a[0] != '-' && (ends_with(a, ".c") || ends_with(a, ".S")))
			job->source = a;
	}
}

struct buffer {
	char *s;
	size_t len, cap;
};

static void buffer_add(struct buffer *b, const void *data, size_t n)
{
	if (b->len + n > b->cap) {
		b->cap = (b->len + n) * 2 + 16384;
		b->s = realloc(b->s, b->cap);
		if (!b->s)
			wrapper_fail("memory", "log");
	}
	memcpy(b->s + b->len, data, n);
	b->len += n;
}

static void add_str(struct buffer *b, const char *s)
{
	buffer_add(b, s, strlen(s) + 1);
}

/* Prerequisites of a dependency file: words behind the first ':', without the line joins. */
static uint32_t add_deps(struct buffer *b, const char *path)
{
	FILE *f = path ? fopen(path, "r") : NULL;
	char word[4096];
	uint32_t n = 0;

	if (!f)
		return 0;
	for (int colon = 0; fscanf(f, "%4095s", word) == 1;) {
		size_t len = strlen(word);

		if (!colon) {
			colon = word[len - 1] == ':';
			continue;
		}
		if (!strcmp(word, "\\") || word[len - 1] == ':')
			continue;
		add_str(b, word);
		n++;
	}
	fclose(f);
	return n;
}

static void write_log(const struct job *job, int argc, char **argv, int with_deps)
{
	const char *log = getenv("KSLICE_CC_LOG");
	struct cc_record head = {
		.magic = CC_MAGIC, .argc = argc, .is_asm = ends_with(job->source, ".S")};
	struct buffer b = {};
	char *cwd = getcwd(NULL, 0);
	int fd;

	buffer_add(&b, &head, sizeof(head));
	add_str(&b, cwd);
	add_str(&b, job->source);
	add_str(&b, job->object ? job->object : "");
	/* the compiler's name as configured, not this program's path */
	add_str(&b, strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0]);
	for (int i = 1; i < argc; i++)
		add_str(&b, argv[i]);
	if (with_deps)
		head.ndeps = add_deps(&b, job->depfile);
	head.to_asm = job->to_asm;
	head.size = b.len;
	memcpy(b.s, &head, sizeof(head));
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, b.s, b.len) != (ssize_t)b.len || close(fd))
		wrapper_fail("cannot write the log", log);
	free(b.s);
	free(cwd);
}

static int make_stub(const struct job *job)
{
	const char *empty = getenv("KSLICE_CC_EMPTY");
	int in = empty ? open(empty, O_RDONLY | O_CLOEXEC) : -1;
	int out = open(job->object, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct stat st;
	FILE *dep;

	if (in < 0 || fstat(in, &st))
		wrapper_fail("cannot read the empty object", empty);
	if (out < 0 || sendfile(out, in, NULL, st.st_size) != st.st_size || close(out))
		wrapper_fail("cannot write the object", job->object);
	if (!job->depfile)
		return 0;
	dep = fopen(job->depfile, "w");
	if (!dep || fprintf(dep, "%s: %s\n", job->object, job->source) < 0 || fclose(dep))
		wrapper_fail("cannot write the dependencies", job->depfile);
	return 0;
}

static int run_real(const char *real, char **argv)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		wrapper_fail("fork", real);
	if (!pid) {
		execv(real, argv);
		wrapper_fail("exec", real);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			wrapper_fail("wait", real);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	const char *real = getenv("KSLICE_CC_REAL");
	struct job job = {};
	int rc;

	if (!real)
		wrapper_fail("set KSLICE_CC_REAL", NULL);
	read_args(&job, argc, argv);
	if (!job.kernel || !job.source || !job.object || job.other_tree || job.preprocess ||
	    !(job.compile || job.to_asm)) {
		execv(real, argv);
		wrapper_fail("exec", real);
	}
	if (job.compile && !job.to_asm && ends_with(job.source, ".c")) {
		write_log(&job, argc, argv, 0);
		return make_stub(&job);
	}
	rc = run_real(real, argv);
	if (!rc)
		write_log(&job, argc, argv, 1);
	return rc;
}
