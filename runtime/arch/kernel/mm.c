// SPDX-License-Identifier: GPL-2.0
/* mm.c: memory: one zone, the RAM that the machine gave. */
#include <linux/init.h>
#include <linux/kasan.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/sched/task.h>
#include <linux/string.h>
#include <asm/sd.h>
#include <asm/sections.h>
#include <asm/setup.h>

#ifdef CONFIG_CMDLINE
#define BUILT_IN CONFIG_CMDLINE " "
#else
#define BUILT_IN ""
#endif
#define BUILT_IN_LEN (sizeof(BUILT_IN) - 1)

unsigned long sd_page_offset;
void *empty_zero_page;

void __init setup_arch(char **cmdline)
{
	unsigned long zones[MAX_NR_ZONES] = {0};
	unsigned long start = (unsigned long)sd_boot->ram;

	strscpy(boot_command_line, BUILT_IN, COMMAND_LINE_SIZE);
	strscpy(boot_command_line + BUILT_IN_LEN, sd_boot->cmdline,
		COMMAND_LINE_SIZE - BUILT_IN_LEN);
	*cmdline = boot_command_line;
	parse_early_param();
#ifdef CONFIG_KASAN
	kasan_init();
#endif

	sd_page_offset = start;
	min_low_pfn = 0;
	max_low_pfn = max_pfn = PFN_DOWN(sd_boot->ram_size);
	setup_initial_init_mm(_stext, _etext, _edata, _end);
	memblock_add(0, sd_boot->ram_size);
	empty_zero_page = memblock_alloc(PAGE_SIZE, PAGE_SIZE);
	if (!empty_zero_page)
		panic("no RAM");
	zones[ZONE_NORMAL] = max_pfn;
	free_area_init(zones);
	add_bootloader_randomness(sd_boot->seed, sizeof(sd_boot->seed));
}

void __init mem_init(void)
{
	set_max_mapnr(max_pfn);
	high_memory = __va(sd_boot->ram_size);
	memblock_free_all();
}
