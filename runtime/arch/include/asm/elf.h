/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_SD_ELF_H
#define _ASM_SD_ELF_H

/* No binary is ever loaded; <linux/elf.h> and module.h need the types. */
#include <asm/ptrace.h>

#define ELF_ARCH	  EM_X86_64
#define ELF_CLASS	  ELFCLASS64
#define ELF_DATA	  ELFDATA2LSB
#define elf_check_arch(x) ((x)->e_machine == EM_X86_64)
#define ELF_EXEC_PAGESIZE 4096
#define ELF_ET_DYN_BASE	  0
#define ELF_HWCAP	  0
#define ELF_PLATFORM	  NULL

typedef unsigned long elf_greg_t;
#define ELF_NGREG (sizeof(struct pt_regs) / sizeof(elf_greg_t))
typedef elf_greg_t elf_gregset_t[ELF_NGREG];
typedef struct {
	unsigned long unused;
} elf_fpregset_t;

#endif
