/* SPDX-License-Identifier: MIT */
/*
 * elf.c: maps an ELF file as the kernel's loader does. The program and its interpreter are loaded
 * by one call each.
 */
#include "process/process.h"
#include <linux/elf.h>

#define MAX_PHDRS 64
#define DOWN(x)	  ((x) & ~(PAGE - 1))
#define UP(x)	  DOWN((x) + PAGE - 1)

static u32 phdr_prot(const Elf64_Phdr *p)
{
	return (p->p_flags & PF_R ? PROT_READ : 0) | (p->p_flags & PF_W ? PROT_WRITE : 0) |
	       (p->p_flags & PF_X ? PROT_EXEC : 0);
}

static int read_all(int fd, void *buf, u64 len, u64 off)
{
	long n = sys(__NR_pread64, fd, buf, len, off);

	if (n < 0)
		return n;
	return (u64)n == len ? 0 : -ENOEXEC;
}

static int read_headers(int fd, Elf64_Ehdr *eh, Elf64_Phdr *ph)
{
	int err = read_all(fd, eh, sizeof(*eh), 0);

	if (err)
		return err;
	if (memcmp(eh->e_ident, ELFMAG, SELFMAG) || eh->e_ident[EI_CLASS] != ELFCLASS64 ||
	    eh->e_machine != EM_X86_64 || (eh->e_type != ET_EXEC && eh->e_type != ET_DYN) ||
	    eh->e_phentsize != sizeof(*ph) || !eh->e_phnum || eh->e_phnum > MAX_PHDRS)
		return -ENOEXEC;
	return read_all(fd, ph, eh->e_phnum * sizeof(*ph), eh->e_phoff);
}

/* Reserves the address range of all segments: *bias = its address minus the one it was linked at.
 */
static int elf_reserve(const Elf64_Ehdr *eh, const Elf64_Phdr *ph, u64 *bias)
{
	u64 lo = ~0ull, hi = 0, align = PAGE;
	long at;

	for (int i = 0; i < eh->e_phnum; i++) {
		if (ph[i].p_type != PT_LOAD || !ph[i].p_memsz)
			continue;
		if (ph[i].p_memsz < ph[i].p_filesz || ph[i].p_vaddr + ph[i].p_memsz < ph[i].p_vaddr)
			return -ENOEXEC;
		if (ph[i].p_vaddr < lo)
			lo = ph[i].p_vaddr;
		if (ph[i].p_vaddr + ph[i].p_memsz > hi)
			hi = ph[i].p_vaddr + ph[i].p_memsz;
		if (ph[i].p_align > align && !(ph[i].p_align & (ph[i].p_align - 1)))
			align = ph[i].p_align;
	}
	if (hi <= lo || hi > 1ull << 47)
		return -ENOEXEC;
	lo = DOWN(lo);
	hi = UP(hi);
	if (eh->e_type == ET_EXEC) {
		at = sys(__NR_mmap, lo, hi - lo, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
		*bias = 0;
		return at < 0 ? at : 0;
	}
	u64 want = hi - lo + (align > PAGE ? align : 0);

	at = sys(__NR_mmap, 0, want, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at < 0)
		return at;
	u64 start = ((u64)at - lo + align - 1) / align * align + lo;

	if (align > PAGE) {
		if (start > (u64)at)
			sys(__NR_munmap, at, start - at);
		if (start + (hi - lo) < (u64)at + want)
			sys(__NR_munmap, start + (hi - lo), (u64)at + want - start - (hi - lo));
	} else {
		start = at;
	}
	*bias = start - lo;
	return 0;
}

static int map_segment(int fd, const Elf64_Phdr *p, u64 bias)
{
	u64 start = DOWN(p->p_vaddr + bias), skew = p->p_vaddr + bias - start;
	u64 file_end = p->p_vaddr + bias + p->p_filesz, end = p->p_vaddr + bias + p->p_memsz;
	u32 prot = phdr_prot(p);
	long at;

	if (p->p_filesz) {
		at = sys(__NR_mmap, start, p->p_filesz + skew, prot, MAP_PRIVATE | MAP_FIXED, fd,
			 p->p_offset - skew);
		if (at < 0)
			return at;
		if (end > file_end && (prot & PROT_WRITE) && (file_end & (PAGE - 1)))
			memset((void *)file_end, 0, UP(file_end) - file_end);
		start = UP(file_end);
	}
	if (UP(end) <= start)
		return 0;
	at = sys(__NR_mmap, start, UP(end) - start, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		 -1, 0);
	return at < 0 ? at : 0;
}

int sd_elf_load(int fd, struct sd_image *img)
{
	Elf64_Ehdr eh;
	Elf64_Phdr ph[MAX_PHDRS];
	u64 bias;
	int err = read_headers(fd, &eh, ph);

	memset(img, 0, sizeof(*img));
	if (!err)
		err = elf_reserve(&eh, ph, &bias);
	for (int i = 0; i < eh.e_phnum && !err; i++) {
		const Elf64_Phdr *p = &ph[i];

		if (p->p_type == PT_LOAD && p->p_memsz) {
			err = map_segment(fd, p, bias);
			if (eh.e_phoff >= p->p_offset && eh.e_phoff < p->p_offset + p->p_filesz)
				img->phdr = eh.e_phoff - p->p_offset + p->p_vaddr + bias;
			if (!img->base)
				img->base = p->p_vaddr - p->p_offset + bias;
		} else if (p->p_type == PT_INTERP) {
			if (p->p_filesz < 2 || p->p_filesz > sizeof(img->interp))
				return -ENOEXEC;
			err = read_all(fd, img->interp, p->p_filesz, p->p_offset);
			if (!err && img->interp[p->p_filesz - 1])
				return -ENOEXEC;
		} else if (p->p_type == PT_GNU_STACK) {
			img->exec_stack = p->p_flags & PF_X;
		}
	}
	if (err)
		return err;
	img->entry = eh.e_entry + bias;
	img->phnum = eh.e_phnum;
	return 0;
}
