// SPDX-License-Identifier: GPL-2.0
/*
 * symbols.c: names for the addresses that a domain prints when it fails. An Oops and the kernel's
 * call traces give a place in the image as an offset from _text; this adds the function, and the
 * source line if the image has DWARF (`kslice build --debug`). The image is read with libdw when
 * the first such line arrives. It is the file that the domain was started from, which only the
 * supervisor's user can write; neither debug files nor debuginfod servers are searched.
 */
#include "symbols.h"
#include "log.h"

#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAMED_MAX 200 /* per run of a domain; each costs this loop up to a millisecond */

static struct {
	Dwfl_Module *image; /* NULL: not read, or without symbols */
	bool read;
	GElf_Addr text;
	unsigned named;
} symbols;

static int no_other_file(Dwfl_Module *mod, void **user, const char *name, Dwarf_Addr base,
			 const char *file, const char *link, GElf_Word crc, char **debug_name)
{
	return -1;
}

/* Finds _text, which all offsets are relative to. */
static bool symbols_find_text(Dwfl_Module *image)
{
	int n = dwfl_module_getsymtab(image);
	GElf_Sym sym;

	for (int i = 0; i < n; i++) {
		const char *name =
			dwfl_module_getsym_info(image, i, &sym, &symbols.text, NULL, NULL, NULL);

		if (name && !strcmp(name, "_text"))
			return true;
	}
	return false;
}

static void symbols_read(int image_fd)
{
	static const Dwfl_Callbacks ours = {.find_debuginfo = no_other_file};
	Dwfl *dwfl = dwfl_begin(&ours);
	int fd = fcntl(image_fd, F_DUPFD_CLOEXEC, 3);
	Dwfl_Module *image;

	symbols.read = true;
	if (!dwfl || fd < 0)
		return;
	image = dwfl_report_elf(dwfl, "image", "image", fd, 0, false);
	dwfl_report_end(dwfl, NULL, NULL);
	if (image && symbols_find_text(image))
		symbols.image = image;
	else
		note("the image has no symbols: addresses are left as they are");
}

/* Searches all units: an index of them (.debug_aranges) is optional, and clang writes none. */
static size_t symbols_line(GElf_Addr addr, char *to, size_t size)
{
	Dwarf_Addr bias = 0;
	Dwarf_Die *unit = NULL;
	Dwarf_Line *line = NULL;
	char path[PATH_MAX];
	const char *file;
	int number;

	while (!line && (unit = dwfl_module_nextcu(symbols.image, unit, &bias)))
		if (dwarf_haspc(unit, addr - bias) > 0)
			line = dwarf_getsrc_die(unit, addr - bias);
	file = line ? dwarf_linesrc(line, NULL, NULL) : NULL;
	if (!file || dwarf_lineno(line, &number))
		return 0;
	return snprintf(to, size, " (%s:%d)", realpath(file, path) ?: file, number);
}

void symbols_new_run(void)
{
	symbols.named = 0;
}

/* " _text+0x123" is a return address: the call is before it. Otherwise it is the place itself. */
size_t symbols_of(int image_fd, const char *line, char *to, size_t size)
{
	const char *at = strstr(line, "_text"), *name;
	long long from_text;
	GElf_Addr addr;
	GElf_Off offset;
	GElf_Sym sym;
	bool returns;
	size_t len;

	if (!at || sscanf(at, "_text%lli", &from_text) != 1 || symbols.named++ >= NAMED_MAX)
		return 0;
	if (!symbols.read)
		symbols_read(image_fd);
	if (!symbols.image)
		return 0;
	addr = symbols.text + from_text;
	returns = at > line && at[-1] == ' ';
	name = dwfl_module_addrinfo(symbols.image, addr - returns, &offset, &sym, NULL, NULL, NULL);
	/* not a return address, but a pointer to a function's first instruction */
	if (!name && returns) {
		returns = false;
		name = dwfl_module_addrinfo(symbols.image, addr, &offset, &sym, NULL, NULL, NULL);
	}
	if (!name)
		return 0;
	len = snprintf(to, size, " %s+0x%llx/0x%llx", name, (unsigned long long)offset + returns,
		       (unsigned long long)sym.st_size);
	if (len < size)
		len += symbols_line(addr - returns, to + len, size - len);
	return len < size ? len : size - 1;
}
