// SPDX-License-Identifier: GPL-2.0
/* Included by forms.c: deletions reach here. */

static int part_dead(int x) /* expect: gone */
{
	return x;
}

int part_entry(int x);
int part_entry(int x) /* expect: kept */
{
	return x * 2;
}

int part_caller(int x);
int part_caller(int x) /* expect: gone */
{
	return part_dead(x);
}
