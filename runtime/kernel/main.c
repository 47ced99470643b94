// SPDX-License-Identifier: GPL-2.0
/* main.c: what pid 1 runs: it probes the devices, then starts what the machine asked for. */
#include <linux/kernel.h>
#include <linux/sched.h>
#include <asm/sd.h>
#include <sd/serve.h>

#include "dev.h"

void sd_main(void)
{
	u64 boot_ns;
	int err;

	sd_dev_init();
	if (sd_mount)
		sd_mount();
	boot_ns = sd_machine->clock() - sd_boot_start;
	if (sd_boot->mode == SD_MODE_PAYLOAD)
		sd_machine->halt(sd_call_on(sd_boot->payload_stack, sd_boot->payload));
	sd_machine->ready(boot_ns, sd_boot->serving, sd_served_abi);

	switch (sd_boot->mode) {
	case SD_MODE_BOOT_ONLY:
		printk(KERN_ERR "booted in %llu us\n", boot_ns / 1000);
		sd_machine->halt(!!sd_first_calls());
	case SD_MODE_SELF_TEST:
		if (!sd_self_test)
			panic("this image has no self-test: its configuration lacks what the test uses");
		err = sd_self_test();
		printk(KERN_ERR "self-test: %s (boot %llu us)\n", err ? "FAILED" : "passed",
		       boot_ns / 1000);
		sd_machine->halt(!!err);
	}
	if (sd_boot->serving) {
		if (!sd_serve)
			panic("this image has no serving side");
		sd_serve();
	}
	for (;;)
		schedule_timeout_uninterruptible(MAX_SCHEDULE_TIMEOUT);
}
