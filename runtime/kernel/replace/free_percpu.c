// SPDX-License-Identifier: GPL-2.0
/* mm/percpu.c: free_percpu() of what replace/pcpu_alloc.c made. */
void free_percpu(void __percpu *ptr)
{
	kfree((void __force *)ptr);
}
