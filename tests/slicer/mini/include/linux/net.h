/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_NET_H
#define _LINUX_NET_H

struct proto_ops {
	int family;
	int (*bind)(int);
	int (*ioctl)(int);
	int (*poll)(int);
};

struct family {
	const struct proto_ops *ops;
	struct {
		int (*create)(int);
		int (*destroy)(int);
	} life;
};

struct copied_ops {
	int (*a)(int);
	int (*b)(int);
};

int register_family(const struct family *f);
int use_family(int family, int arg);
int register_table(const char *name, int (*show)(int));
void note(const char *what);

/* A static inline of a header leads the walk through. */
static inline int bind_any(const struct proto_ops *ops, int arg)
{
	return ops->bind(arg);
}

int only_from_unused_inline(int arg);
static inline int unused_inline(int arg)
{
	return only_from_unused_inline(arg);
}

#endif
