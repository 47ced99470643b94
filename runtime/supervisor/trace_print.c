// SPDX-License-Identifier: GPL-2.0
/* trace_print.c: prints one traced call as one line. See trace.h. */
#include "trace.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>

#define TRACE_CALLS 512

static const struct {
	const char *name, *kinds;
} trace_calls[TRACE_CALLS] = {
#define SD_SYSCALL(nr, name, kinds, strings) [nr] = {#name, kinds},
#include <sd/syscalls.def>
#undef SD_SYSCALL
};

static void trace_print_string(FILE *out, const char *s, size_t max)
{
	size_t n = strnlen(s, max);

	fputc('"', out);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = s[i];

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c == '\n')
			fputs("\\n", out);
		else if (isprint(c))
			fputc(c, out);
		else
			fprintf(out, "\\%o", c);
	}
	fputs(n >= max - 1 ? "\"..." : "\"", out);
}

/* i: which argument; *string counts those that are strings. */
static void trace_print_arg(FILE *out, const struct sd_trace *r, char kind, int i, u32 *string)
{
	u64 v = r->arg[i];

	switch (kind) {
	case 's':
		if (v && *string < r->npath)
			trace_print_string(out, r->string[*string], SD_TRACE_STRING);
		else
			fprintf(out, v ? "0x%llx" : "NULL", (unsigned long long)v);
		(*string)++;
		break;
	case 'f':
		if ((int)v == AT_FDCWD)
			fputs("AT_FDCWD", out);
		else
			fprintf(out, "%d", (int)v);
		break;
	case 'd':
		fprintf(out, "%d", (int)v);
		break;
	case 'l':
		fprintf(out, "%lld", (long long)v);
		break;
	case 'u':
		fprintf(out, "%llu", (unsigned long long)v);
		break;
	case 'o':
		fprintf(out, "%#o", (unsigned int)v);
		break;
	default:
		fprintf(out, v ? "%#llx" : kind == 'p' ? "NULL" : "0", (unsigned long long)v);
	}
}

static const char *trace_why(const struct sd_trace *r)
{
	static const char *const why[] = {
		[SD_TRACE_NO_RULE] = "no domain takes it",
		[SD_TRACE_NOT_OURS] = "no fd, name or key of a domain",
		[SD_TRACE_BY_FD] = "fd",
		[SD_TRACE_BY_KEY] = "key",
		[SD_TRACE_BY_PATH] = "name",
		[SD_TRACE_MIRRORED] = "mirrored",
		[SD_TRACE_OF_HOOK] = "watched by the hook",
	};

	if (r->why < sizeof(why) / sizeof(why[0]))
		return why[r->why];
	return "?";
}

static void trace_print_target(FILE *out, const struct sd_trace *r)
{
	fputs(" <", out);
	switch (r->to) {
	case SD_TRACE_DOMAIN: {
		size_t n = strnlen(r->domain, sizeof(r->domain));

		for (size_t i = 0; i < n; i++)
			fputc(isprint((unsigned char)r->domain[i]) ? r->domain[i] : '?', out);
		break;
	}
	case SD_TRACE_HOOK:
		fputs("hook", out);
		break;
	case SD_TRACE_EDITED:
		fputs("host, edited", out);
		break;
	default:
		fputs("host", out);
	}
	fprintf(out, ": %s>", trace_why(r));
}

static void trace_print_result(FILE *out, const struct sd_trace *r)
{
	if (!r->has_ret) {
		fputs(" = ?", out);
	} else if (r->ret < 0 && r->ret >= -4095) {
		const char *name = strerrorname_np(-r->ret);

		if (name)
			fprintf(out, " = -1 %s (%s)", name, strerror(-r->ret));
		else
			fprintf(out, " = -1 errno %lld", (long long)-r->ret);
	} else if (r->ret > 0xffffff || r->ret < 0) {
		fprintf(out, " = %#llx", (unsigned long long)r->ret);
	} else {
		fprintf(out, " = %lld", (long long)r->ret);
	}
}

static void trace_print_who(FILE *out, const struct sd_trace *r, pid_t pid)
{
	fprintf(out, "%u", pid ? (unsigned int)pid : r->tid);
	if (pid && r->tid != r->pid)
		fprintf(out, "/%u", r->tid);
	fputc(' ', out);
}

void trace_print(FILE *out, const struct sd_trace *r, pid_t pid)
{
	const char *name = r->nr < TRACE_CALLS ? trace_calls[r->nr].name : NULL;
	const char *kinds = name ? trace_calls[r->nr].kinds : "?";
	u32 string = 0;

	if (r->lost) {
		trace_print_who(out, r, pid);
		fprintf(out,
			"... %u calls of this process lost: they came faster than they were read\n",
			r->lost);
	}
	trace_print_who(out, r, pid);
	if (name)
		fprintf(out, "%s(", name);
	else
		fprintf(out, "syscall_%u(", r->nr);
	if (*kinds == '?')
		kinds = "xxxxxx";
	for (int i = 0; i < 6 && kinds[i]; i++) {
		fputs(i ? ", " : "", out);
		trace_print_arg(out, r, kinds[i], i, &string);
	}
	fputc(')', out);
	trace_print_result(out, r);
	trace_print_target(out, r);
	if (r->has_ret)
		fprintf(out, " %llu.%01llu us", (unsigned long long)(r->ns / 1000),
			(unsigned long long)(r->ns / 100 % 10));
	fputc('\n', out);
}
