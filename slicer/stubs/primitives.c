// SPDX-License-Identifier: GPL-2.0
/*
 * primitives.c: the kernel's functions in which flow.c stops following, since their meaning is
 * their name's: they are the interface by which all of Linux copies from and to user memory, and
 * takes and makes descriptors. Whatever is built on them is found by its body. A name that a tree
 * doesn't have is harmless.
 */
#include "stubs/bodies.h"

/* clang-format off */
static const struct primitive table[] = {
	/* name				kind		ptr len dir dst */
	{"copy_from_user",		PRIM_COPY_IN,	1, 2, -1, 0},
	{"_copy_from_user",		PRIM_COPY_IN,	1, 2, -1, 0},
	{"__copy_from_user",		PRIM_COPY_IN,	1, 2, -1, 0},
	{"__copy_from_user_inatomic",	PRIM_COPY_IN,	1, 2, -1, 0},
	{"copy_from_user_nofault",	PRIM_COPY_IN,	1, 2, -1, 0},
	{"raw_copy_from_user",		PRIM_COPY_IN,	1, 2, -1, 0},
	{"copy_struct_from_user",	PRIM_COPY_IN,	2, 3, -1, 0},
	{"check_zeroed_user",		PRIM_COPY_IN,	0, 1, -1, -1},
	{"memdup_user",			PRIM_COPY_IN,	0, 1, -1, -1},
	{"vmemdup_user",		PRIM_COPY_IN,	0, 1, -1, -1},
	{"memdup_user_nul",		PRIM_COPY_IN,	0, 1, -1, -1},
	{"__get_user_fn",		PRIM_COPY_IN,	1, 0, -1, 2},
	{"copy_to_user",		PRIM_COPY_OUT,	0, 2, -1, 1},
	{"_copy_to_user",		PRIM_COPY_OUT,	0, 2, -1, 1},
	{"__copy_to_user",		PRIM_COPY_OUT,	0, 2, -1, 1},
	{"__copy_to_user_inatomic",	PRIM_COPY_OUT,	0, 2, -1, 1},
	{"raw_copy_to_user",		PRIM_COPY_OUT,	0, 2, -1, 1},
	{"__put_user_fn",		PRIM_COPY_OUT,	1, 0, -1, 2},
	{"clear_user",			PRIM_COPY_OUT,	0, 1, -1, -1},
	{"__clear_user",		PRIM_COPY_OUT,	0, 1, -1, -1},
	{"strncpy_from_user",		PRIM_STRING,	1, -1, -1, 0},
	{"strndup_user",		PRIM_STRING,	0, -1, -1, -1},
	{"strnlen_user",		PRIM_STRING,	0, -1, -1, -1},
	{"getname",			PRIM_PATH,	0, -1, -1, -1},
	{"getname_flags",		PRIM_PATH,	0, -1, -1, -1},
	{"getname_uflags",		PRIM_PATH,	0, -1, -1, -1},
	{"import_iovec",		PRIM_VECTOR,	1, 2, 0, -1},
	{"__import_iovec",		PRIM_VECTOR,	1, 2, 0, -1},
	{"iovec_from_user",		PRIM_VECTOR,	0, 1, -1, -1},
	{"import_single_range",		PRIM_DATA,	1, 2, 0, -1},
	{"import_ubuf",			PRIM_DATA,	1, 2, 0, -1},
	{"iov_iter_ubuf",		PRIM_DATA,	2, 3, 1, -1},
	{"struct file_operations:read",	PRIM_COPY_OUT,	1, 2, -1, -1},
	{"struct file_operations:write", PRIM_COPY_IN,	1, 2, -1, -1},
	{"fdget",			PRIM_USES_FD,	0, -1, -1, -1},
	{"fdget_raw",			PRIM_USES_FD,	0, -1, -1, -1},
	{"fdget_pos",			PRIM_USES_FD,	0, -1, -1, -1},
	{"__fdget",			PRIM_USES_FD,	0, -1, -1, -1},
	{"__fdget_raw",			PRIM_USES_FD,	0, -1, -1, -1},
	{"__fdget_pos",			PRIM_USES_FD,	0, -1, -1, -1},
	{"fget",			PRIM_USES_FD,	0, -1, -1, -1},
	{"fget_raw",			PRIM_USES_FD,	0, -1, -1, -1},
	{"fget_light",			PRIM_USES_FD,	0, -1, -1, -1},
	{"close_fd",			PRIM_USES_FD,	0, -1, -1, -1},
	{"file_close_fd",		PRIM_USES_FD,	0, -1, -1, -1},
	{"files_lookup_fd_locked",	PRIM_USES_FD,	1, -1, -1, -1},
	{"files_lookup_fd_raw",		PRIM_USES_FD,	1, -1, -1, -1},
	{"set_nameidata",		PRIM_USES_FD,	1, -1, -1, -1},
	{"get_unused_fd_flags",		PRIM_MAKES_FD,	-1, -1, -1, -1},
	{"__get_unused_fd_flags",	PRIM_MAKES_FD,	-1, -1, -1, -1},
	{"alloc_fd",			PRIM_MAKES_FD,	-1, -1, -1, -1},
	{"anon_inode_getfd",		PRIM_MAKES_FD,	-1, -1, -1, -1},
	{"anon_inode_getfd_secure",	PRIM_MAKES_FD,	-1, -1, -1, -1},
	{"anon_inode_create_getfd",	PRIM_MAKES_FD,	-1, -1, -1, -1},
	{"__chk_user_ptr",		PRIM_IGNORE,	-1, -1, -1, -1},
	{"access_ok",			PRIM_IGNORE,	-1, -1, -1, -1},
	{"__access_ok",			PRIM_IGNORE,	-1, -1, -1, -1},
	{"sd_access_ok",		PRIM_IGNORE,	-1, -1, -1, -1},
	{"fault_in_readable",		PRIM_IGNORE,	-1, -1, -1, -1},
	{"fault_in_writeable",		PRIM_IGNORE,	-1, -1, -1, -1},
	{"check_copy_size",		PRIM_IGNORE,	-1, -1, -1, -1},
};
/* clang-format on */

const struct primitive *primitive_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (!strcmp(table[i].name, name))
			return &table[i];
	return NULL;
}
