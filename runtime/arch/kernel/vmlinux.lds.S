/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vmlinux.lds.S: script of the relocatable link (ld -r): orders the kernel's sections and defines their bounds. Addresses mean nothing
 * here, so every symbol is defined inside a section, and moves with it. Everything with pointers is in .data: the final link
 * is position independent and relocates it at load. Init memory isn't freed.
 */
#include <asm/page.h>
#include <asm/cache.h>
#include <asm/thread_info.h>
#include <asm-generic/vmlinux.lds.h>

SECTIONS
{
	.text : {
		. = ALIGN(16);
		_text = .;
		_stext = .;
		SCHED_TEXT
		CPUIDLE_TEXT
		LOCK_TEXT
		KPROBES_TEXT
		ENTRY_TEXT
		IRQENTRY_TEXT
		SOFTIRQENTRY_TEXT
		NOINSTR_TEXT
		*(.text .text.*)
		*(.ref.text)
		*(.head.text)
		_sinittext = .;
		*(.init.text .init.text.* .meminit.text .cpuinit.text)
		*(.exit.text .meminit.text .memexit.text)
		_einittext = .;
		_etext = .;
	}

	.rodata : {
		. = ALIGN(PAGE_SIZE);
		__start_rodata = .;
		*(.rodata .rodata.*)
		*(.init.rodata .init.rodata.*)
		*(__ksymtab_strings)
		. = ALIGN(8);
		__start_notes = .;
		__stop_notes = .;
		__end_rodata = .;
	}

	.data : {
		. = ALIGN(THREAD_SIZE);
		_sdata = .;
		INIT_TASK_DATA(THREAD_SIZE)
		PAGE_ALIGNED_DATA(PAGE_SIZE)
		CACHELINE_ALIGNED_DATA(L1_CACHE_BYTES)
		READ_MOSTLY_DATA(L1_CACHE_BYTES)
		*(.data .data.[0-9a-zA-Z_]*)
		*(.data.rel .data.rel.*)
		*(.data..L* .data..compoundliteral*)
		*(.ref.data .data..shared_aligned .data.unlikely .meminit.data)
		__start_once = .;
		*(.data.once)
		__end_once = .;
		STRUCT_ALIGN();
		SCHED_DATA
		. = ALIGN(8);
		__start_ro_after_init = .;
		*(.data..ro_after_init)
		__end_ro_after_init = .;
		. = ALIGN(8);
		__start___jump_table = .;
		KEEP(*(__jump_table))
		__stop___jump_table = .;
		. = ALIGN(8);
		__start___param = .;
		KEEP(*(__param))
		__stop___param = .;
		. = ALIGN(8);
		__start___modver = .;
		KEEP(*(__modver))
		__stop___modver = .;
		. = ALIGN(4);
		__start___ex_table = .;
		KEEP(*(__ex_table))
		__stop___ex_table = .;
		STRUCT_ALIGN();
		*(__tracepoints)
		. = ALIGN(8);
		__start___tracepoints_ptrs = .;
		KEEP(*(__tracepoints_ptrs))
		__stop___tracepoints_ptrs = .;
		*(__tracepoints_strings)
		TRACE_PRINTKS()
		TRACEPOINT_STR()
		FTRACE_EVENTS()
		. = ALIGN(8);
		__start_builtin_fw = .;
		__end_builtin_fw = .;
		. = ALIGN(PAGE_SIZE);
		PERCPU_INPUT(L1_CACHE_BYTES)
		. = ALIGN(8);
		__init_begin = .;
		*(.init.data .init.data.*)
		*(.exit.data .exit.data.* .exitcall.exit)
		INIT_SETUP(16)
		. = ALIGN(8);
		INIT_CALLS
		KERNEL_CTORS()
		CON_INITCALL
		EARLYCON_TABLE()
		LSM_TABLE()
		EARLY_LSM_TABLE()
		. = ALIGN(8);
		__init_end = .;
		_edata = .;
	}

	.bss : {
		. = ALIGN(PAGE_SIZE);
		__bss_start = .;
		*(.bss..page_aligned)
		*(.bss .bss.* COMMON)
		. = ALIGN(8);
		__bss_stop = .;
		_end = .;
	}

	/DISCARD/ : {
		*(.discard .discard.* .modinfo .note.* .comment .export_symbol)
		*(___ksymtab* ___ksymtab_gpl*)
		*(.fini_array .fini_array.* .dtors .dtors.*)
		*(.eh_frame .llvm_addrsig .gnu.version*)
	}
}

jiffies = jiffies_64;
