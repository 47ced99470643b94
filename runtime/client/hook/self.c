/* SPDX-License-Identifier: MIT */
/* self.c: facts about this process, for every room. See hook.h. */
#include "hook/hook.h"

char sd_exe_path[PATH_MAX];
char sd_domains[PATH_MAX];
char sd_trace_path[108];
u64 sd_vdso, sd_launcher_dev, sd_launcher_ino;
u32 sd_not_alone, sd_files_lent;
