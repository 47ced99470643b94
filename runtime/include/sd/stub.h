/* SPDX-License-Identifier: MIT */
/*
 * stub.h: the small steps of generated client stubs, on top of rpc.h. Client side, freestanding.
 *
 * Program pointers are u64 here, as they came in the call's arguments. They are only accessed by
 * the fault-tolerant copies. What comes back from the domain is bounded (sd_get) before use, and
 * read from the arena once.
 */
#ifndef SD_STUB_H
#define SD_STUB_H

#include <sd/qp.h>

#define SD_SPAN_MAX 0x7ffffffff000ull /* x86-64 TASK_SIZE_MAX: beyond it access_ok() fails */
#define SD_PATH_MAX 4096u
#define SD_RW_MAX   0x7ffff000ull /* MAX_RW_COUNT */
/* Arena left for addresses and control messages when data are cut */
#define SD_KEEP_FREE (80u * 1024)

#define SD_PTR(p) ((void *)(uintptr_t)(p))

static inline bool sd_span_ok(u64 p, u64 len)
{
	return len <= SD_SPAN_MAX && p <= SD_SPAN_MAX - len;
}

/* Is it an offset in the arena, not one of the special values? */
static inline bool sd_placed(u64 off)
{
	return off != SD_OFF_NULL && off < SD_OFF_BEYOND;
}

static inline u64 sd_min(u64 a, u64 b)
{
	return a < b ? a : b;
}

static inline u64 sd_max(u64 a, u64 b)
{
	return a > b ? a : b;
}

struct sd_puts {   /* state while structs are copied in and out */
	bool cut;  /* out: data were cut to what the arena holds */
	bool keep; /* in: the call may report more than it writes: the buffers' contents
		    * are sent, too */
	u64 data;  /* out: bytes of scatter lists that are sent, or may come back */
	u64 sum;   /* while copying out: bytes that came back and aren't copied out yet */
};

/* Data going in, or in and out. A negative length is a huge one: the domain's kernel refuses the
 * call. */
static inline u64 sd_in(struct sd_call *c, u64 p, u64 len)
{
	if (!p)
		return SD_OFF_NULL;
	return sd_likely(sd_span_ok(p, len)) ? sd_put(c, SD_PTR(p), len) : SD_OFF_BEYOND;
}

/* Data of which the kernel may read only the first part: cut where the program's memory ends. */
static inline u64 sd_in_prefix(struct sd_call *c, u64 p, u64 *len)
{
	u64 off = sd_in(c, p, *len), n = 0, piece;

	if (sd_likely(off != SD_OFF_FAULT))
		return off;
	off = sd_room_for(c, SD_PTR(p), *len);
	for (; off != SD_OFF_NULL && n < *len; n += piece) {
		piece = sd_min(*len - n, 64 - ((p + n) & 63));
		if (sd_copy_from_prog((u8 *)sd_at(c, off) + n, SD_PTR(p + n), piece))
			break;
	}
	if (n < sizeof(s32)) /* less than any option takes: the domain's kernel reports the fault */
		return SD_OFF_FAULT;
	*len = n;
	return off;
}

/* Room for a struct coming back. */
static inline u64 sd_out(struct sd_call *c, u64 p, u64 len)
{
	if (!p)
		return SD_OFF_NULL;
	return sd_likely(sd_span_ok(p, len)) ? sd_room_for(c, SD_PTR(p), len) : SD_OFF_BEYOND;
}

/* Room for an address or an option whose value-result length is small: a bad pointer is found
 * when it is copied out. */
static inline u64 sd_out_vr(struct sd_call *c, u64 p, u64 len)
{
	return p ? sd_room(c, (s64)len > 0 ? len : 0) : SD_OFF_NULL;
}

/*
 * Room for *n units of data. What the call takes off a queue must fit into the program's buffer:
 * if nothing there is writable the domain faults, as Linux would; otherwise no more is requested
 * than fits.
 */
static inline u64 sd_out_data(struct sd_call *c, u64 p, u64 *n, u64 elem)
{
	u64 len = sd_bytes(*n, elem), ok;

	if (!p)
		return SD_OFF_NULL;
	if (sd_unlikely(!sd_span_ok(p, len)))
		return SD_OFF_BEYOND;
	ok = sd_writable(SD_PTR(p), len);
	if (sd_unlikely(ok < len)) {
		if (ok < elem)
			return SD_OFF_FAULT;
		*n = ok / elem;
		len = *n * elem;
	}
	return sd_room_for(c, SD_PTR(p), len);
}

/* The same if the buffer's contents are sent, too (see struct sd_puts). */
static inline u64 sd_keep_data(struct sd_call *c, u64 p, u64 *n, u64 elem)
{
	u64 off = sd_in(c, p, sd_bytes(*n, elem));

	return off == SD_OFF_FAULT ? sd_out_data(c, p, n, elem) : off;
}

/* Room for one segment of a scatter list: all of it or none. */
static inline u64 sd_out_segment(struct sd_call *c, u64 p, u64 len)
{
	if (p && sd_span_ok(p, len) && sd_writable(SD_PTR(p), len) < len)
		return SD_OFF_FAULT;
	return sd_out(c, p, len);
}

/* For a length that the kernel refuses before it looks at the data. */
static inline u64 sd_unread(u64 p)
{
	return p ? SD_OFF_FAULT : SD_OFF_NULL;
}

/* Copy out what came back; ret, or -EFAULT. Does nothing for a call that has failed (ret < 0). */
static inline long sd_back(struct sd_call *c, u64 p, u64 off, u64 len, long ret)
{
	if (ret < 0 || !sd_placed(off))
		return ret;
	return sd_get(c, SD_PTR(p), off, len, ret);
}

/* The domain's answer is invalid. */
static inline long sd_lie(struct sd_call *c)
{
	sd_bad(c);
	return -EPROTO;
}

/*
 * The same if the offset comes from a struct in the arena: data that came back must have a valid
 * one. (less: they needn't, since the call may report more than it wrote.)
 */
static inline long sd_back_at(struct sd_call *c, u64 p, u64 off, u64 len, bool less, long ret)
{
	if (ret >= 0 && p && len && !less && !sd_placed(off))
		return sd_lie(c);
	return sd_back(c, p, off, len, ret);
}

/* Is there a NUL among these bytes of the program? */
static inline bool sd_ends(u64 p, u64 len)
{
	char text[32];
	u64 n, i;

	for (; len; p += n, len -= n) {
		n = sd_min(len, sizeof(text));
		if (sd_copy_from_prog(text, SD_PTR(p), n))
			return false;
		for (i = 0; i < n; i++)
			if (!text[i])
				return true;
	}
	return false;
}

/*
 * len bytes at p came back, a sequence of records. Each has its length at `at`, in `size` bytes,
 * which is at least `least` and within the len bytes; the next record is at a multiple of 8. With
 * `name`, a string that ends within the record begins there. The program's copy is what is checked,
 * since the domain may still write the arena.
 */
static inline long sd_records(struct sd_call *c, u64 p, u64 off, u64 len, u32 at, u32 size,
			      u32 least, u32 name, long ret)
{
	u64 n;

	if (ret < 0 || !sd_placed(off))
		return ret;
	for (; len; p += n, len -= n) {
		n = 0;
		if (len < least || sd_copy_from_prog(&n, SD_PTR(p + at), size) || n < least ||
		    n > len || (name && !sd_ends(p + name, n - name)))
			return sd_lie(c);
		n = sd_min((n + 7) & ~7ull, len);
	}
	return ret;
}

/* The same for a string that must end in NUL. */
static inline long sd_terminated(struct sd_call *c, u64 p, u64 off, u64 len, long ret)
{
	char last = 0;

	if (ret > 0 && len && sd_placed(off) &&
	    (sd_copy_from_prog(&last, SD_PTR(p + len - 1), 1) || last))
		return sd_lie(c);
	return ret;
}

/* The bytes that a list of the program asks for: n elements of `size` bytes, each with a u64 at
 * `at`. */
static inline u64 sd_listed(u64 list, u64 n, u64 size, u64 at)
{
	u64 sum = 0, len;

	for (u64 i = 0; i < n && i < 1024; i++) {
		if (sd_copy_from_prog(&len, SD_PTR(list + i * size + at), sizeof(len)))
			break;
		sum += sd_min(len, SD_RW_MAX);
	}
	return sum;
}

/* A value-result length: *v is the length given to the domain, at most `most` (0: no limit). */
static inline u64 sd_put_vr(struct sd_call *c, u64 p, s32 *v, s32 most)
{
	u64 off;

	*v = 0;
	if (!p)
		return SD_OFF_NULL;
	if (sd_copy_from_prog(v, SD_PTR(p), sizeof(*v))) {
		*v = 0;
		return SD_OFF_FAULT;
	}
	if (most && *v > most)
		*v = most;
	off = sd_room(c, sizeof(*v));
	if (off != SD_OFF_NULL)
		*(s32 *)sd_at(c, off) = *v;
	return off;
}

static inline s32 sd_vr_value(struct sd_call *c, u64 off)
{
	return !sd_placed(off) ? 0 : sd_load_relaxed((s32 *)sd_at(c, off));
}

/* Data of `room` bytes at off with their value-result length at loff, in units of elem: at most
 * `most`, even if less is copied. */
static inline long sd_back_vr(struct sd_call *c, u64 p, u64 off, u64 room, u64 elem, u64 lp,
			      u64 loff, u64 most, long ret)
{
	s32 l = sd_vr_value(c, loff);

	if (ret < 0 || off == SD_OFF_NULL || !sd_placed(loff))
		return ret;
	if (l < 0 || (u64)l > most)
		return sd_lie(c);
	ret = sd_back(c, p, off, sd_min(l > 0 ? (u64)l * elem : 0, room), ret);
	if (ret >= 0 && sd_copy_to_prog(SD_PTR(lp), &l, sizeof(l)))
		return -EFAULT;
	return ret;
}

/* A string with its NUL. The domain always gets SD_PATH_MAX bytes. */
static inline u64 sd_put_str(struct sd_call *c, u64 p)
{
	u64 off, n = 0;
	char *at;

	if (!p)
		return SD_OFF_NULL;
	off = sd_room(c, SD_PATH_MAX);
	if (off == SD_OFF_NULL)
		return off;
	at = sd_at(c, off);
	while (n < SD_PATH_MAX) {
		u64 len = sd_min(SD_PATH_MAX - n,
				 256 - ((p + n) & 255)); /* never into another page */

		if (!sd_span_ok(p + n, len) || sd_copy_from_prog(at + n, SD_PTR(p + n), len))
			return SD_OFF_FAULT;
		for (; len; len--)
			if (!at[n++])
				return off;
	}
	return off;
}

/* Arena bytes that data may still fill in this call. */
static inline u64 sd_space(const struct sd_call *c)
{
	u32 level = c->qp->level;

	u32 end = c->qp->limit;

	return level + SD_KEEP_FREE < end ? sd_min(end - SD_KEEP_FREE - level, SD_MAX_DATA) : 0;
}

/* Is it a file with a position? Reading more from a stream would wait for data that aren't there
 * yet. */
static inline bool sd_seekable(sd_stub_fn lseek, struct sd_qp *qp, u64 fd)
{
	const u64 a[6] = {fd, 0, 1 /* SEEK_CUR */};
	long ret;

	return lseek(qp, &ret, a) == SD_OK && ret >= 0;
}

/*
 * More data than one call carries, as the kernel would do it: part by part, until one comes up
 * short. data, len and pos are the arguments' numbers, pos < 0: the file's own position. lseek:
 * continue only if the file has a position; NULL: always.
 */
static inline enum sd_status sd_parts(sd_stub_fn stub, struct sd_qp *qp, long *ret, const u64 a[6],
				      u32 data, u32 len, int pos, sd_stub_fn lseek)
{
	u64 b[6] = {a[0], a[1], a[2], a[3], a[4], a[5]}, all = sd_min(a[len], SD_RW_MAX), done = 0;
	enum sd_status st;

	do {
		b[data] = a[data] + done;
		if (pos >= 0)
			b[pos] = a[pos] + done;
		b[len] = sd_min(all - done, SD_MAX_DATA);
		st = stub(qp, ret, b);
		if (st != SD_OK || *ret <= 0)
			break;
		done += (u64)*ret;
	} while ((u64)*ret == b[len] && done < all &&
		 (!lseek || done > b[len] || sd_seekable(lseek, qp, a[0])));
	if (!done)
		return st;
	*ret = (long)done;
	return SD_OK;
}

struct sd_piece { /* struct iovec */
	u64 base, len;
};

/* What follows the first `done` bytes of a list of n in the program: at most 16 pieces and
 * `most` bytes. Returns the number of pieces. */
static inline u64 sd_pieces_after(struct sd_piece *w, u64 list, u64 n, u64 done, u64 most)
{
	struct sd_piece p;
	u64 got = 0;

	for (u64 i = 0; i < n && got < 16 && most; i++) {
		if (sd_copy_from_prog(&p, SD_PTR(list + i * sizeof(p)), sizeof(p)))
			break;
		if (done >= p.len) {
			done -= p.len;
			continue;
		}
		w[got++] = (struct sd_piece){p.base + done, sd_min(p.len - done, most)};
		most -= w[got - 1].len;
		done = 0;
	}
	return got;
}

/* sd_parts() for a scatter list, after a first part that was cut; *ret: the result of that, then
 * of all parts. */
static inline void sd_parts_list(enum sd_status (*part)(struct sd_qp *qp, long *ret, const u64 a[6],
							bool *cut),
				 struct sd_qp *qp, long *ret, const u64 a[6], u32 list, u32 n,
				 int pos, sd_stub_fn lseek)
{
	u64 b[6] = {a[0], a[1], a[2], a[3], a[4], a[5]};
	struct sd_piece w[16];
	bool cut;
	long r;

	if (lseek && !sd_seekable(lseek, qp, a[0]))
		return;
	/* A domain that breaks the protocol may report more than there was: the sum must not
	 * overflow. */
	while ((u64)*ret < SD_RW_MAX &&
	       (b[n] = sd_pieces_after(w, a[list], a[n], (u64)*ret, SD_RW_MAX - (u64)*ret))) {
		b[list] = (u64)(uintptr_t)w;
		if (pos >= 0 && a[pos] != ~0ull) /* -1: the file's own */
			b[pos] = a[pos] + (u64)*ret;
		if (part(qp, &r, b, &cut) != SD_OK || r <= 0 || (u64)r > SD_RW_MAX - (u64)*ret)
			break;
		*ret += r;
	}
}

/* n elements of a wire array that the domain was given at off; NULL if that can't be (then nothing
 * is read). */
static inline void *sd_wire(struct sd_call *c, u64 off, u64 bytes)
{
	if (off % 8 || off < c->mark || off > c->qp->level || bytes > c->qp->level - off) {
		sd_bad(c);
		return NULL;
	}
	return sd_at(c, off);
}

/* One scalar field of the program's struct. */
static inline long sd_back_field(u64 p, const void *v, u64 len, long ret)
{
	return ret >= 0 && sd_copy_to_prog(SD_PTR(p), v, len) ? -EFAULT : ret;
}

#endif
