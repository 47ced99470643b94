/* SPDX-License-Identifier: MIT */
/*
 * patch.c: keeps the table of call sites, and rewrites a site into a jump to its stub.
 *
 * Records are found by the address that a trap reports. They are never freed: code that replaces
 * unmapped code traps again at the same address, and its record is updated then. All of this runs
 * in the SIGSYS handler, or with every signal blocked, under one lock.
 *
 * A site is written by one locked 8-byte exchange within a cache line, so that no other thread can
 * see half a jump. A site that spans two lines is rewritten only while this is the only thread in
 * its memory; otherwise it continues to use Syscall User Dispatch.
 */
#include "hook/hook.h"

#define INDEX	 16384u
#define LINE	 64u
#define JMP_SIZE 5u
#define SLOTS	 (PAGE / 8)

struct sd_site sd_site[SD_SITES];
static u16 index_of[INDEX]; /* record number + 1 */
static u32 nsites, sites_lock;
int sd_no_patch; /* set before a seccomp filter is installed: from then on no call of our own */

/* A page of `jmp *slot(%rip)` within reach of a far image, and a page of its targets behind it. */
static struct near_page {
	u64 at;
	u32 used;
} near_page[64];

void sd_sites_lock(void)
{
	sd_lock(&sites_lock);
}

void sd_sites_unlock(void)
{
	sd_unlock(&sites_lock);
}

static struct sd_site *site_record(u64 trapped)
{
	u32 h = (u32)((trapped * 0x9e3779b97f4a7c15ull) >> 50) % INDEX;

	for (; index_of[h]; h = (h + 1) % INDEX)
		if (sd_site[index_of[h] - 1].trapped == trapped)
			return &sd_site[index_of[h] - 1];
	if (nsites == SD_SITES)
		sd_die("call sites",
		       "this program has more system call instructions than the hook has stubs",
		       "raise SD_SITES in runtime/client/hook/thread_offsets.h");

	struct sd_site *s = &sd_site[nsites];

	s->trapped = s->ret = trapped;
	s->start = trapped - 2;
	s->sys = (u64)sd_stubs + nsites * SD_STUB_SIZE + SD_STUB_SYS;
	index_of[h] = ++nsites;
	return s;
}

static int jump_reaches(u64 from, u64 to)
{
	s64 d = (s64)(to - (from + JMP_SIZE));

	return d == (s32)d;
}

static u64 near_new_page(u64 site)
{
	/* One MiB below the site, one above, two below, two above ... */
	for (u64 step = 1; step < 2000; step++) {
		u64 off = (step + 1) / 2 << 20, hint = site & ~0xfffffull;
		int below = step & 1;

		if (below && hint < off + 0x10000) /* the lowest addresses can't be mapped */
			continue;
		hint = below ? hint - off : hint + off;

		long at = sys(__NR_mmap, hint, 2 * PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

		if (at < 0)
			continue;
		for (u32 i = 0; i < SLOTS; i++) { /* ff 25 rel32: to the slot one page on */
			u8 *p = (u8 *)at + i * 8;
			u32 rel = PAGE - 6;

			p[0] = 0xff;
			p[1] = 0x25;
			memcpy(p + 2, &rel, 4);
		}
		if (sys(__NR_mprotect, at, PAGE, PROT_READ | PROT_EXEC))
			return 0;
		return at;
	}
	return 0;
}

/* A jump to `to` that the site reaches; 0 if there is none. */
static u64 near_jump(u64 site, u64 to)
{
	struct near_page *n = near_page;
	u32 i;

	for (i = 0; i < sizeof(near_page) / sizeof(near_page[0]); i++, n++) {
		if (!n->at)
			n->at = near_new_page(site);
		if (!n->at)
			return 0;
		if (n->used < SLOTS && jump_reaches(site, n->at))
			break;
	}
	if (i == sizeof(near_page) / sizeof(near_page[0]))
		return 0;
	u64 slot = n->at + 8 * n->used++;

	*(u64 *)(slot + PAGE) = to;
	return slot;
}

/* Puts jmp[] at `at`: 1 done, 0 not. Tries first without mprotect: a writable page stays
 * writable. */
static int write_jump(u64 at, const u8 *was, const u8 *jmp)
{
	u64 line = at & ~(u64)(LINE - 1), w = at;
	u64 old, new;
	int crosses = at + JMP_SIZE > line + LINE;

	if (crosses) {
		u8 now[JMP_SIZE];

		if (sd_thread_count() > 1 || sd_copy_raw(now, (void *)at, JMP_SIZE) ||
		    memcmp(now, was, JMP_SIZE))
			return -1;
		return sd_copy_raw((void *)at, jmp, JMP_SIZE) ? 0 : 1;
	}
	if (w > line + LINE - 8)
		w = line + LINE - 8;
	if (sd_copy_raw(&old, (void *)w, 8) || memcmp((u8 *)&old + (at - w), was, JMP_SIZE))
		return -1;
	new = old;
	memcpy((u8 *)&new + (at - w), jmp, JMP_SIZE);

	int r = sd_cmpxchg_raw((u64 *)w, old, new);

	if (r < 0) /* it faulted: the page can't be written */
		return 0;
	return r ? 1 : -1;
}

static int site_rewrite(u64 at, const u8 *was, u64 stub)
{
	u64 to = stub, page = at & ~(PAGE - 1), len = ((at + 7) & ~(PAGE - 1)) - page + PAGE;
	u8 jmp[JMP_SIZE] = {0xe9};

	if (!jump_reaches(at, to) && (!(to = near_jump(at, stub)) || !jump_reaches(at, to)))
		return 0;
	s32 rel = (s32)(to - (at + JMP_SIZE));

	memcpy(jmp + 1, &rel, 4);

	int r = write_jump(at, was, jmp);

	if (r)
		return r == 1;
	/* It isn't writable, but is being executed and was read: its protection is r-x. */
	len = ((at + JMP_SIZE - 1) & ~(PAGE - 1)) - page + PAGE;
	if (sys(__NR_mprotect, page, len, PROT_READ | PROT_WRITE | PROT_EXEC))
		return 0;
	r = write_jump(at, was, jmp);
	sys(__NR_mprotect, page, len, PROT_READ | PROT_EXEC);
	return r == 1;
}

/* The bytes before a site may be in an unmapped page. */
static u32 bytes_before(u64 trapped, u8 *buf)
{
	for (u32 n = 10; n >= 7; n--)
		if (!sd_copy_raw(buf, (void *)(trapped - n), n))
			return n;
	return 0;
}

struct sd_site *sd_site_find(u64 trapped, u64 nr)
{
	u8 code[10];
	u32 start = 0;

	sd_sites_lock();
	struct sd_site *s = site_record(trapped);
	u32 n = sd_no_patch || (trapped - sd_vdso) < 4 * PAGE ? 0 : bytes_before(trapped, code);

	if (n && sd_site_form(code, n, nr, &start) != SD_FORM_NONE) {
		u64 at = trapped - n + start;

		s->nr = nr;
		if (site_rewrite(at, code + start, sd_stub_of(s, 0)))
			s->start = at;
	}
	sd_sites_unlock();
	return s;
}
