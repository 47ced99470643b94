/* SPDX-License-Identifier: GPL-2.0 */
/*
 * compat_block.h: making a disk with its limits, which newer trees take all at once. A disk has a
 * write cache that honours FUA, and doesn't rotate.
 */
#ifndef SD_COMPAT_BLOCK_H
#define SD_COMPAT_BLOCK_H

#include <linux/blkdev.h>
#include <linux/err.h>
#include <sd/tree.h>

#ifndef SD_TREE_queue_limits_start_update
static inline void sd_disk_limit(struct request_queue *q, const struct queue_limits *lim)
{
	blk_queue_logical_block_size(q, lim->logical_block_size);
	blk_queue_physical_block_size(q, lim->physical_block_size);
	blk_queue_max_segments(q, lim->max_segments);
	blk_queue_max_segment_size(q, lim->max_segment_size);
	blk_queue_max_hw_sectors(q, lim->max_hw_sectors);
	if (lim->max_hw_discard_sectors) {
		blk_queue_max_discard_sectors(q, lim->max_hw_discard_sectors);
		blk_queue_max_write_zeroes_sectors(q, lim->max_write_zeroes_sectors);
		q->limits.discard_granularity = lim->discard_granularity;
	}
}
#endif

/* NULL: no memory, or impossible limits. */
static inline struct gendisk *sd_disk_alloc(struct queue_limits *lim)
{
	struct gendisk *gd;

#ifdef BLK_FEAT_WRITE_CACHE
	lim->features |= BLK_FEAT_WRITE_CACHE | BLK_FEAT_FUA;
#endif
#ifdef SD_TREE_queue_limits_start_update
	gd = blk_alloc_disk(lim, NUMA_NO_NODE);
	if (IS_ERR(gd))
		return NULL;
#else
	gd = blk_alloc_disk(NUMA_NO_NODE);
	if (!gd)
		return NULL;
	sd_disk_limit(gd->queue, lim);
#endif
#ifndef BLK_FEAT_WRITE_CACHE
	blk_queue_write_cache(gd->queue, true, true);
	blk_queue_flag_set(QUEUE_FLAG_NONROT, gd->queue);
#endif
	return gd;
}

#endif
