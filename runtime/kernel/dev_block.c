// SPDX-License-Identifier: GPL-2.0
/*
 * dev_block.c: disks on the machine's backend (for example a host file). The driver takes bios
 * directly, without request queues: those only merge and sort, and the machine, which has the
 * file's page cache behind it, already merges what is in flight.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <asm/sd.h>

#include "compat_block.h"
#include "dev.h"

#define DISCARD_MAX_SECTORS (1u << 21) /* 1 GiB a request */

struct sd_slot {
	struct sd_slot *next; /* free ones */
	struct bio *bio;
	struct sd_block_req req;
};

struct sd_disk {
	const struct sd_device *dev;
	const struct sd_block_ops *ops;
	void *host;
	struct gendisk *gd;
	bool read_only;
	struct sd_slot *free;	/* used with interrupts off, or in an interrupt */
	wait_queue_head_t wait; /* for a free slot */
	struct sd_slot slots[SD_BLOCK_REQS];
};

static struct sd_disk *disks[SD_DEVICES_MAX];

static struct sd_slot *slot_get(struct sd_disk *d)
{
	struct sd_slot *slot;
	unsigned long flags;

	local_irq_save(flags);
	slot = d->free;
	if (slot)
		d->free = slot->next;
	local_irq_restore(flags);
	return slot;
}

static void slot_put(struct sd_disk *d, struct sd_slot *slot)
{
	unsigned long flags;

	local_irq_save(flags);
	slot->next = d->free;
	d->free = slot;
	local_irq_restore(flags);
	if (waitqueue_active(&d->wait))
		wake_up(&d->wait);
}

static bool disk_fill(struct sd_block_req *req, struct bio *bio)
{
	struct bvec_iter iter;
	struct bio_vec bv;

	switch (bio_op(bio)) {
	case REQ_OP_READ:
		req->op = SD_BLOCK_READ;
		break;
	case REQ_OP_WRITE:
	case REQ_OP_FLUSH:
		req->op = bio->bi_iter.bi_size ? SD_BLOCK_WRITE : SD_BLOCK_FLUSH;
		break;
	case REQ_OP_DISCARD:
		req->op = SD_BLOCK_DISCARD;
		break;
	case REQ_OP_WRITE_ZEROES:
		req->op = SD_BLOCK_ZERO;
		break;
	default:
		return false;
	}
	req->flags = (bio->bi_opf & REQ_PREFLUSH ? SD_BLOCK_PREFLUSH : 0) |
		     (bio->bi_opf & REQ_FUA ? SD_BLOCK_FUA : 0);
	if ((bio->bi_opf & (REQ_SYNC | REQ_IDLE)) == REQ_SYNC &&
	    op_is_write(bio_op(bio))) /* set by fsync, not by O_DIRECT */
		req->flags |= SD_BLOCK_SOON;
	req->offset = bio->bi_iter.bi_sector << SECTOR_SHIFT;
	req->len = bio->bi_iter.bi_size;
	req->nvec = 0;
	if (!bio_has_data(bio))
		return true;
	bio_for_each_bvec (bv, bio, iter)
		req->vec[req->nvec++] = (struct sd_block_vec){bvec_virt(&bv), bv.bv_len};
	return true;
}

static void disk_finish(struct sd_disk *d, struct sd_slot *slot)
{
	struct bio *bio = slot->bio;
	int err = slot->req.result;

	if (unlikely(err && err != -EOPNOTSUPP))
		pr_err_ratelimited("%s: %s of %llu bytes at %llu failed: error %d of the host\n",
				   d->gd->disk_name,
				   op_is_write(bio_op(bio)) ? "writing" : "reading", slot->req.len,
				   slot->req.offset, err);
	if (err == -EDQUOT || err == -EFBIG)
		err = -ENOSPC;
	slot_put(d, slot);
	bio->bi_status = errno_to_blk_status(err);
	bio_endio(bio);
}

static void sd_block_submit(struct bio *bio)
{
	struct sd_disk *d = bio->bi_bdev->bd_disk->private_data;
	struct sd_slot *slot;

	bio = bio_split_to_limits(bio);
	if (!bio)
		return;
	slot = slot_get(d);
	if (!slot && bio->bi_opf & REQ_NOWAIT) {
		bio_wouldblock_error(bio);
		return;
	}
	if (!slot)
		wait_event(d->wait, (slot = slot_get(d)));
	slot->bio = bio;
	if (!disk_fill(&slot->req, bio)) {
		slot_put(d, slot);
		bio->bi_status = BLK_STS_NOTSUPP;
		bio_endio(bio);
		return;
	}
	if (d->ops->submit(d->host, &slot->req))
		disk_finish(d, slot);
}

static void sd_block_doorbell(void *arg)
{
	struct sd_disk *d = arg;
	struct sd_block_req *req;

	while ((req = d->ops->done(d->host)))
		disk_finish(d, container_of(req, struct sd_slot, req));
}

static const struct block_device_operations sd_block_fops = {
	.owner = THIS_MODULE,
	.submit_bio = sd_block_submit,
};

static struct gendisk *disk_with_limits(const struct sd_block_info *info)
{
	struct queue_limits lim = {
		.logical_block_size = info->sector,
		.physical_block_size = PAGE_SIZE,
		.max_segments = SD_BLOCK_VECS,
		.max_segment_size = UINT_MAX,
		.max_hw_sectors = UINT_MAX,
	};

	if (info->discard) {
		lim.max_hw_discard_sectors = DISCARD_MAX_SECTORS;
		lim.max_write_zeroes_sectors = DISCARD_MAX_SECTORS;
		lim.discard_granularity = PAGE_SIZE;
	}
	return sd_disk_alloc(&lim);
}

static int disk_add_vec(struct sd_disk *d, int index)
{
	struct sd_block_info info;

	d->ops->info(d->host, &info);
	d->gd = disk_with_limits(&info);
	if (!d->gd)
		return -ENOMEM;
	snprintf(d->gd->disk_name, DISK_NAME_LEN, "sdk%d", index);
	d->gd->flags |= GENHD_FL_NO_PART;
	d->gd->fops = &sd_block_fops;
	d->gd->private_data = d;
	set_capacity(d->gd, info.size >> SECTOR_SHIFT);
	d->read_only = info.read_only;
	set_disk_ro(d->gd, info.read_only);
	return add_disk(d->gd);
}

static int sd_block_probe(const struct sd_device *dev, unsigned int line)
{
	int i, index = dev - sd_boot->devices, err;
	struct sd_disk *d = kvzalloc(sizeof(*d), GFP_KERNEL);

	if (!d)
		return -ENOMEM;
	d->dev = dev;
	d->ops = dev->ops->block;
	d->host = dev->host;
	init_waitqueue_head(&d->wait);
	for (i = 0; i < SD_BLOCK_REQS; i++)
		slot_put(d, &d->slots[i]);
	sd_irq_register(line, sd_block_doorbell, d);
	err = disk_add_vec(d, index);
	if (!err)
		disks[index] = d;
	return err;
}

dev_t sd_block_dev(const struct sd_device *dev, bool *read_only)
{
	struct sd_disk *d = disks[dev - sd_boot->devices];

	if (!d)
		return 0;
	*read_only = d->read_only;
	return disk_devt(d->gd);
}

const struct sd_driver sd_driver_block = {
	.type = "block",
	.probe = sd_block_probe,
};
