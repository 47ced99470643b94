// SPDX-License-Identifier: GPL-2.0
/* image.c: ELF file or bzImage => functions, system calls, bytes of code, gadgets. See image.h. */
#include "report/image.h"
#include "base/util.h"
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <unistd.h>

struct symbol {
	GElf_Sym sym;
	const char *name;
};

static int compare_symbols(const void *pa, const void *pb)
{
	const struct symbol *a = pa, *b = pb;

	if (a->sym.st_shndx != b->sym.st_shndx)
		return a->sym.st_shndx < b->sym.st_shndx ? -1 : 1;
	if (a->sym.st_value != b->sym.st_value)
		return a->sym.st_value < b->sym.st_value ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void each_function(Elf *elf, Elf_Scn *scn, const GElf_Shdr *sh,
			  void (*fn)(void *arg, const char *name, uint64_t bytes), void *arg)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	VEC(struct symbol) all = {0};
	GElf_Sym s;

	for (size_t i = 0; data && i < data->d_size / sh->sh_entsize; i++)
		if (gelf_getsym(data, i, &s) && GELF_ST_TYPE(s.st_info) == STT_FUNC &&
		    s.st_shndx != SHN_UNDEF && s.st_size)
			*vec_add(&all) =
				(struct symbol){s, elf_strptr(elf, sh->sh_link, s.st_name) ?: ""};
	if (all.n)
		qsort(all.a, all.n, sizeof(*all.a), compare_symbols);
	for (size_t i = 0; i < all.n; i++)
		if (!i || all.a[i].sym.st_shndx != all.a[i - 1].sym.st_shndx ||
		    all.a[i].sym.st_value != all.a[i - 1].sym.st_value)
			fn(arg, all.a[i].name, all.a[i].sym.st_size);
	free(all.a);
}

static Elf *open_elf(const char *path, int *fd)
{
	elf_version(EV_CURRENT);
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	return *fd < 0 ? NULL : elf_begin(*fd, ELF_C_READ, NULL);
}

static void close_elf(Elf *elf, int fd)
{
	elf_end(elf);
	if (fd >= 0)
		close(fd);
}

void image_functions(const char *path, void (*fn)(void *arg, const char *name, uint64_t bytes),
		     void *arg)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;
	int fd;
	Elf *elf = open_elf(path, &fd);

	while (elf && (scn = elf_nextscn(elf, scn)))
		if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_SYMTAB && sh.sh_entsize)
			each_function(elf, scn, &sh, fn, arg);
	close_elf(elf, fd);
}

static void count_function(void *arg, const char *name, uint64_t bytes)
{
	struct image *im = arg;

	im->functions++;
	im->calls += starts_with(name, "__x64_sys_");
}

/* ---- BTF: a distribution's kernel has no symbol table, but types ---- */

struct btf_header {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t hdr_len, type_off, type_len, str_off, str_len;
};

struct btf_type {
	uint32_t name, info, size;
};

enum {
	BTF_INT = 1,
	BTF_ARRAY = 3,
	BTF_STRUCT,
	BTF_UNION,
	BTF_ENUM,
	BTF_FUNC = 12,
	BTF_FUNC_PROTO,
	BTF_VAR,
	BTF_DATASEC,
	BTF_DECL_TAG = 17,
	BTF_ENUM64 = 19
};

/* Bytes that follow a type, by Documentation/bpf/btf.rst. */
static size_t btf_rest(uint32_t info)
{
	size_t n = info & 0xffff;

	switch (info >> 24 & 31) {
	case BTF_INT:
	case BTF_VAR:
	case BTF_DECL_TAG:
		return 4;
	case BTF_ARRAY:
		return 12;
	case BTF_STRUCT:
	case BTF_UNION:
	case BTF_DATASEC:
	case BTF_ENUM64:
		return n * 12;
	case BTF_ENUM:
	case BTF_FUNC_PROTO:
		return n * 8;
	default:
		return 0;
	}
}

static void count_btf(struct image *im, const char *data, size_t len)
{
	const struct btf_header *h = (const void *)data;
	size_t at, end, strings;

	if (len < sizeof(*h) || h->magic != 0xeb9f)
		return;
	at = (size_t)h->hdr_len + h->type_off;
	end = at + h->type_len;
	strings = (size_t)h->hdr_len + h->str_off;
	if (end > len || strings + h->str_len > len || !h->str_len ||
	    data[strings + h->str_len - 1])
		return;
	while (at + sizeof(struct btf_type) <= end) {
		const struct btf_type *t = (const void *)(data + at);

		if ((t->info >> 24 & 31) == BTF_FUNC && t->name < h->str_len)
			count_function(im, data + strings + t->name, 0);
		at += sizeof(*t) + btf_rest(t->info);
	}
}

/* ---- return thunks ---- */

struct sites {
	VEC(uint64_t) v; /* addresses */
};

/*
 * In the file of a kernel with return thunks each return is a jump of five bytes, which the kernel
 * makes a return again when it boots on a CPU that needs no thunk. .return_sites has the places,
 * relative to each entry.
 */
static void read_sites(struct sites *out, const GElf_Shdr *sh, const Elf_Data *data)
{
	for (size_t i = 0; i + 4 <= data->d_size; i += 4) {
		int32_t off;

		memcpy(&off, (const char *)data->d_buf + i, 4);
		*vec_add(&out->v) = sh->sh_addr + i + (int64_t)off;
	}
}

static void patch_sites(const struct sites *sites, uint64_t begin, uint8_t *code, size_t len)
{
	for (size_t i = 0; i < sites->v.n; i++) {
		uint64_t at = sites->v.a[i] - begin;

		if (sites->v.a[i] >= begin && at < len && len - at >= 5 && code[at] == 0xe9)
			memcpy(code + at, "\xc3\xcc\xcc\xcc\xcc", 5);
	}
}

/* ---- one ELF file ---- */

struct elf_reader {
	struct image *im;
	struct gadgets gadgets;
	struct sites sites;
	bool btf; /* there is no symbol table */
};

static void read_tables(struct elf_reader *r, const GElf_Shdr *sh, const Elf_Data *data,
			const char *name)
{
	if (!strcmp(name, ".return_sites"))
		read_sites(&r->sites, sh, data);
	else if (r->btf && !strcmp(name, ".BTF"))
		count_btf(r->im, data->d_buf, data->d_size);
}

static void read_code(struct elf_reader *r, const GElf_Shdr *sh, const Elf_Data *data)
{
	uint8_t *code = xmalloc(data->d_size + 1);

	memcpy(code, data->d_buf, data->d_size);
	patch_sites(&r->sites, sh->sh_addr, code, data->d_size);
	gadgets_add(&r->gadgets, code, data->d_size);
	free(code);
}

static void each_section(struct elf_reader *r, Elf *elf, size_t names, bool code)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	while ((scn = elf_nextscn(elf, scn))) {
		Elf_Data *data;

		if (!gelf_getshdr(scn, &sh) || code != !!(sh.sh_flags & SHF_EXECINSTR))
			continue;
		r->im->text += code ? sh.sh_size : 0;
		data = sh.sh_type == SHT_NOBITS ? NULL : elf_rawdata(scn, NULL);
		if (!data || !data->d_buf)
			continue;
		if (code)
			read_code(r, &sh, data);
		else
			read_tables(r, &sh, data, elf_strptr(elf, names, sh.sh_name) ?: "");
	}
}

static const char *measure_elf(struct image *im, const char *path)
{
	struct elf_reader r = {.im = im};
	size_t names;
	int fd;
	Elf *elf;

	image_functions(path, count_function, im);
	r.btf = !im->functions;
	elf = open_elf(path, &fd);
	if (!elf || elf_kind(elf) != ELF_K_ELF || elf_getshdrstrndx(elf, &names)) {
		close_elf(elf, fd);
		return "not an ELF file";
	}
	each_section(&r, elf, names, false);
	each_section(&r, elf, names, true);
	close_elf(elf, fd);
	free(r.sites.v.a);
	im->gadgets = gadgets_count(&r.gadgets);
	return im->text ? NULL : "it has no code";
}

/* ---- bzImage ---- */

static const struct packer {
	const char *magic;
	size_t len;
	char *argv[4];
} packers[] = {
	{"\xfd"
	 "7zXZ",
	 5,
	 {"xz", "-dcq"}},
	{"\x28\xb5\x2f\xfd", 4, {"zstd", "-dcq"}},
	{"\x1f\x8b", 2, {"gzip", "-dcq"}},
};

/* The kernel in a bzImage, by the offsets of its setup header (Documentation/x86/boot.rst). */
static const char *find_payload(const uint8_t *s, size_t len, size_t *at, size_t *n)
{
	uint32_t offset, length;

	if (len < 0x260 || memcmp(s + 0x202, "HdrS", 4))
		return "neither an ELF file nor a bzImage";
	memcpy(&offset, s + 0x248, 4);
	memcpy(&length, s + 0x24c, 4);
	*at = (s[0x1f1] + 1u) * 512 + offset;
	*n = length;
	return *at + *n > len || *n < 8 ? "its header is invalid" : NULL;
}

static const char *unpack(const uint8_t *s, size_t n, const char *packed, const char *to)
{
	const struct packer *p = packers;

	while (p < packers + ARRAY_LEN(packers) && memcmp(s, p->magic, p->len))
		p++;
	if (p == packers + ARRAY_LEN(packers))
		return "it isn't packed by xz, zstd or gzip";
	if (write_file(packed, s, n))
		return "its kernel can't be copied";
	char *argv[] = {p->argv[0], p->argv[1], (char *)packed, NULL};

	/* the four bytes after the data are its size, at which the programs complain */
	if (run_command(argv, NULL, NULL, to) == 127)
		return "it is packed by a program that isn't installed: xz, zstd or gzip";
	return NULL;
}

static const char *measure_payload(struct image *im, const uint8_t *s, size_t n)
{
	char dir[] = "/tmp/kslice-beside-XXXXXX", *packed, *elf;
	const char *bad;

	if (!mkdtemp(dir))
		return "no folder can be made in /tmp to unpack it";
	packed = xasprintf("%s/packed", dir);
	elf = xasprintf("%s/elf", dir);
	bad = unpack(s, n, packed, elf);
	if (!bad)
		bad = measure_elf(im, elf);
	remove_tree(dir);
	free(packed);
	free(elf);
	return bad;
}

static const char *measure_packed(struct image *im, const char *path)
{
	size_t len = 0, at = 0, n = 0;
	uint8_t *s = (void *)read_file(path, &len);
	const char *bad = s ? find_payload(s, len, &at, &n) : "it can't be read";

	if (!bad)
		bad = measure_payload(im, s + at, n);
	free(s);
	return bad;
}

const char *image_measure(struct image *out, const char *path)
{
	const char *bad;

	*out = (struct image){0};
	bad = measure_elf(out, path);
	if (!bad || out->text)
		return bad;
	*out = (struct image){0};
	return measure_packed(out, path);
}
