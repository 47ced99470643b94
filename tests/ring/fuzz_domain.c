// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz_domain.c: a client that breaks the protocol against the real server core and the generated
 * server stubs, compiled for the host.
 *
 * Each case: one liar and one honest client on one poller. The liar publishes random entries in
 * any slot, answers in place of the domain, and changes its entries and arena while its calls are
 * served (the "kernel" underneath does that for it, between the stub's check and use). Checked:
 * nothing outside the liar's region and the stub's own memory is touched (guard pages, ASan,
 * UBSan), the honest client's calls are always answered correctly, and a definite violation ends
 * the liar's channel and no other.
 */
#include <sys/mman.h>
#include <sd/qp.h>
#include <sd/serve_path.h>
#include "calls.h"
#include "fuzz.h"
#include "hostdom.h"

#define LIAR_QPS 3

long sd_host_call(long nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);

static struct fuzz fz;
static struct sd_sregion liar, honest;
static u8 *liar_mem, *honest_mem;
static struct hostdom dom;
static bool scribbling;
static u64 served, ended;

static struct sd_qp_mem *liar_qp(u32 i)
{
	return (struct sd_qp_mem *)(liar_mem + SD_HEAD_SIZE + (u64)i * SD_QP_SIZE);
}

/* The liar's other threads at work. */
static void scribble(void)
{
	struct sd_qp_mem *m = liar_qp(below(&fz, LIAR_QPS));
	u32 n = below(&fz, 4);

	while (n--) {
		u64 v = nasty(&fz, SD_ARENA_SIZE);

		switch (below(&fz, 4)) {
		case 0:
			memcpy((u8 *)m->sq + below(&fz, sizeof(m->sq) / 8) * 8, &v, 8);
			break;
		case 1:
			memcpy((u8 *)m->cq + below(&fz, (sizeof(m->cq) + 128) / 8) * 8, &v, 8);
			break;
		default:
			memcpy(m->arena + below(&fz, 8192) / 8 * 8, &v, 8);
		}
	}
}

/* The kernel below the generated stubs: returns random results, while the liar changes its
 * memory. */
long sd_host_call(long nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	(void)nr, (void)a, (void)b, (void)c, (void)d, (void)e, (void)f;
	if (scribbling)
		scribble();
	return chance(&fz, 2) ? -(long)below(&fz, 200) : (long)nasty(&fz, 65536);
}

static const struct sd_served *const gen = sd_served;
static struct sd_table table;

static void make_table(void)
{
	struct sd_served *both = calloc(hostdom_table.n + sd_nserved, sizeof(*both));
	u32 i;

	for (i = 0; both && i < hostdom_table.n; i++)
		both[i] = hostdom_table.call[i];
	FUZZ_CHECK(&fz, both);
	for (; i < hostdom_table.n + sd_nserved; i++)
		both[i] = gen[i - hostdom_table.n];
	table = (struct sd_table){both, i};
}

static void end_liar(struct sd_sregion *r)
{
	FUZZ_CHECK(&fz, r == &liar);
	sd_poll_remove(&dom.poll, r);
	sd_srv_end(r, SD_ENDED_PROTO);
	ended++;
}

u8 sd_file_credit(unsigned int fd)
{
	return fd % 3;
}

void sd_file_error(unsigned int fd, int err)
{
	(void)fd, (void)err;
}

static void serve(struct sd_req *q)
{
	bool bad = false;
	long ret;

	scribbling = q->qp->reg == &liar;
	if (scribbling && chance(&fz, 2))
		scribble();
	if (q->op < SD_OP_CALLS)
		ret = (long)q->arg[0];
	else
		ret = sd_srv_call(&table, q, &bad);
	scribbling = false;
	if (bad)
		end_liar(q->qp->reg);
	sd_poll_reply(q, ret, SD_R_OK);
	served++;
}

/* Calls that are not answered at once: they end while others are published over them. */
static struct sd_req parked[8];
static u32 nparked;
static bool may_park = true;

static void serve_round(u32 most)
{
	struct sd_sregion *bad;
	struct sd_req q;
	int ret;

	while (most-- && (ret = sd_poll_next(&dom.poll, &q, &bad))) {
		if (ret < 0)
			end_liar(bad);
		else if (q.qp->reg == &liar && may_park && nparked < 8 && chance(&fz, 8))
			parked[nparked++] = q;
		else
			serve(&q);
	}
	if (nparked && chance(&fz, 2))
		sd_poll_reply(&parked[--nparked], -EINTR, SD_R_OK);
	if (chance(&fz, 8))
		sd_poll_settle(&dom.poll);
}

/* The liar knows the domain's state of its queue pairs: the worst case. */
static void publish(void)
{
	u32 i = below(&fz, LIAR_QPS), j, ahead = chance(&fz, 6) ? below(&fz, SD_RING) : 0;
	struct sd_sqp *l = &liar.qp[i];
	u32 n = l->head + ahead;
	struct sd_entry *e = &liar_qp(i)->sq[(l->slot + ahead) % SD_RING];

	e->op = chance(&fz, 20) ? (u16)nasty(&fz, SD_OP_CALLS + table.n)
				: (u16)(SD_OP_CALLS + below(&fz, table.n));
	e->flags = chance(&fz, 20) ? (u16)rnd(&fz) : (u16)below(&fz, 6);
	for (j = 0; j < 6; j++)
		e->arg[j] = chance(&fz, 3) ? nasty(&fz, SD_ARENA_SIZE) : 64 + 8 * below(&fz, 512);
	e->seq = chance(&fz, 20) ? (u32)nasty(&fz, sd_seq(n)) : sd_seq(n);
	if (chance(&fz, 20))
		liar_qp(i)->client.cancel = (u32)nasty(&fz, sd_seq(n));
	if (chance(&fz, 4) || !l->polled)
		liar.head->doorbell[i / 32] |= 1u << i % 32;
	if (chance(&fz, 50))
		liar.head->doorbell[below(&fz, 4)] = (u32)rnd(&fz);
	if (chance(&fz, 10))
		liar_qp(i)->client.sleep = (u32)rnd(&fz);
}

static void honest_call(void)
{
	static u32 tail;
	static u64 want;
	struct sd_sqp *l = &honest.qp[0];
	struct sd_qp_mem *m = l->mem;
	struct sd_entry *e = &m->sq[l->slot];
	u32 seq = sd_seq(l->head);
	u32 i;

	tail = l->head;
	want = rnd(&fz) >> 1;
	e->op = HD_ECHO;
	e->flags = chance(&fz, 2) ? SD_F_SYNC : 0;
	e->arg[0] = want;
	sd_store_release(&e->seq, seq);
	if (!l->polled)
		honest.head->doorbell[0] |= 1;
	for (i = 0; i < 200 && e->seq == seq; i++)
		serve_round(20);
	FUZZ_CHECK(&fz, e->seq == seq + 1);
	FUZZ_CHECK(&fz, (u64)e->ret == want);
	FUZZ_CHECK(&fz, l->head == tail + 1 && !honest.ended);
}

static void new_liar(void)
{
	while (nparked)
		sd_poll_reply(&parked[--nparked], -EINTR, SD_R_OK);
	if (!liar.ended)
		sd_poll_remove(&dom.poll, &liar);
	FUZZ_CHECK(&fz, !liar.serving);
	madvise(liar_mem, SD_REGION_SIZE, MADV_DONTNEED); /* zeroes */
	sd_sregion_init(&liar, liar_mem, NULL, &hostdom_ops);
	sd_poll_add(&dom.poll, &liar);
}

/* Violations that must be detected, one per call. */
static void definite_lie(void)
{
	struct sd_sqp *l;
	struct sd_entry *e;
	u32 kind;

	new_liar();
	l = &liar.qp[0];
	e = &l->mem->sq[0];
	e->op = SD_OP_NULL;
	e->seq = 1;
	liar.head->doorbell[0] = 1;
	kind = below(&fz, 6);
	switch (kind) {
	case 0:
		e->seq = 0;
		sd_poll_settle(&dom.poll);
		serve_round(1); /* it has looked into the slot */
		e->seq = 2 + below(&fz, 1000000);
		liar.head->doorbell[0] = 1;
		break;
	case 1:
		e->op = (u16)(SD_OP_OWN + below(&fz, SD_OP_CALLS - SD_OP_OWN));
		break;
	case 2:
		e->op = (u16)(SD_OP_CALLS + table.n + below(&fz, 60000));
		break;
	case 3:
		e->flags = (u16)(SD_F_ALL + 1 + below(&fz, 60000)) | 8;
		break;
	case 4:
		e->op = HD_SUM;
		e->arg[0] = 1 + below(&fz, SD_OFF_MIN - 1);
		e->arg[1] = below(&fz, 64);
		break;
	default:
		e->op = HD_SUM;
		e->arg[0] = SD_OFF_MIN + below(&fz, SD_ARENA_SIZE - SD_OFF_MIN);
		e->arg[1] = SD_ARENA_SIZE - e->arg[0] + 1 + nasty(&fz, 1u << 20) % (1ull << 62);
	}
	may_park = false;
	sd_poll_settle(&dom.poll); /* takes the doorbell */
	serve_round(1);
	may_park = true;
	FUZZ_CHECK(&fz, liar.ended == SD_ENDED_PROTO);
	FUZZ_CHECK(&fz, liar.head->ended == SD_ENDED_PROTO);
}

static void one_case(void)
{
	u32 steps = 10 + below(&fz, 200);

	new_liar();
	while (steps--) {
		publish();
		if (chance(&fz, 4))
			scribble();
		if (chance(&fz, 2))
			serve_round(1 + below(&fz, 30));
		if (chance(&fz, 10))
			honest_call();
		if (liar.ended) {
			FUZZ_CHECK(&fz, liar.head->ended == SD_ENDED_PROTO || scribbling);
			new_liar();
		}
	}
	honest_call();
	definite_lie();
	honest_call();
}

int main(int argc, char **argv)
{
	struct sd_wake_page wake_page = {0};
	u64 i;

	fuzz_options(&fz, argc, argv, 2000);
	liar_mem = guarded(SD_REGION_SIZE);
	honest_mem = guarded(SD_REGION_SIZE);
	make_table();
	hostdom_init(&dom, &wake_page);
	sd_poll_init(&dom.poll, &table, &wake_page);
	sd_sregion_init(&honest, honest_mem, NULL, &hostdom_ops);
	sd_poll_add(&dom.poll, &honest);
	sd_sregion_init(&liar, liar_mem, NULL, &hostdom_ops);
	sd_poll_add(&dom.poll, &liar);
	for (i = 0; i < fz.cases; i++) {
		fuzz_case(&fz, i);
		one_case();
	}
	printf("fuzz_domain: %llu cases from seed %llu: %llu calls served, %llu channels ended\n",
	       (unsigned long long)fz.cases, (unsigned long long)fz.seed,
	       (unsigned long long)served, (unsigned long long)ended);
	return 0;
}
