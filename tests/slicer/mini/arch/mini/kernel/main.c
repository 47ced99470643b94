// SPDX-License-Identifier: GPL-2.0
/* The runtime: whatever stands here is a root, used or not. */
#include <linux/compiler.h>
#include <linux/lib.h>
#include <linux/named.h>
#include <linux/net.h>
#include <sd/remote.h>

long sys_bind(int family);
long sys_cuts(int a);
long sys_far(int a);
int inet_init(void);
int part_entry(int x);
void sd_trap(const char *name) __attribute__((noreturn));
void exit(int) __attribute__((noreturn));
int main(void);

void sd_trap(const char *name) /* expect: kept */
{
	printf("trap: %s\n", name);
	exit(3);
}

/* What the client stub of another domain and the runtime behind it are in an image. */
enum sd_status sd_net_stub_read(struct sd_qp *qp, long *ret, const u64 a[6]);
enum sd_status sd_net_stub_read(struct sd_qp *qp, long *ret, const u64 a[6])
{
	*ret = (long)(a[0] * 1000 + a[2] + *(char *)(uintptr_t)a[1]);
	return SD_OK;
}

long sd_remote_call(const char *domain, u32 abi, sd_stub_fn stub, const u64 arg[6])
{
	long ret = -1;

	printf("%s %s: ", domain, abi ? "by its ABI" : "by none");
	return stub(0, &ret, arg) ? -1 : ret;
}

void never_called_but_ours(void);
void never_called_but_ours(void) /* expect: kept */
{
}

/* Prints what the program computes; whole and sliced differ only in what the cuts say. */
int main(void)
{
	inet_init();
	printf("bind %ld\n", sys_bind(1));
	printf("cuts %ld\n", sys_cuts(0));
	printf("weak %d %d alias %d asm %d\n", lib_weak_only(), lib_overridden(), lib_alias(1),
	       asm_entry(2));
	printf("forms %d %d %d %d\n", shared_b_of(), type_user(3), copied_sum(4), part_entry(5));
	printf("named %d %d\n", mount_by_name("minifs"),
	       digest_by_name("plus", 1)); /* no initcalls here */
	printf("far %ld\n", sys_far(5));
	printf("sum %d\n", lib_sum(1, 2));
	return 0;
}
