/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_SD_EXTABLE_H
#define _ASM_SD_EXTABLE_H

/*
 * User copies may fault: the machine's fault handler calls sd_fixup(ip). Entries are relative, so
 * the table needs no relocation at load.
 */
#define ARCH_HAS_RELATIVE_EXTABLE

#ifndef __ASSEMBLY__
struct exception_table_entry {
	int insn, fixup;
};

struct pt_regs;
int fixup_exception(struct pt_regs *regs);
#endif

#define _ASM_EXTABLE(from, to)            \
	".pushsection __ex_table,\"a\"\n" \
	".balign 4\n"                     \
	".long (" #from ") - .\n"         \
	".long (" #to ") - .\n"           \
	".popsection\n"

#endif
