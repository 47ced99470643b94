// SPDX-License-Identifier: GPL-2.0
/*
 * frame.c: how: bits 0..2 say what the record's bytes are
 *   0  a whole frame   1  an ARP message   2  an IPv4 packet   3  an IPv4 payload of any protocol,
 *      its number first
 *   4  TCP   5  UDP   6  ICMP   7  IGMP
 * 8: ports, sequence and IP length stay as they are; 16: so does the IP header's checksum; 32: and
 * the protocol's.
 * 64: the record begins with a header of the device (struct virtio_net_hdr).
 * 128: cut in two fragments, of which this is the first.
 */
#include "frames.h"

#include <string.h>

#define ETH 14
#define IP  20

static const uint8_t domain_mac[6] = {2, 0, 0, 0, 0, 2}, our_mac[6] = {2, 0, 0, 0, 0, 1};
static uint32_t next_seq = 1000, next_ack;

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static uint32_t add(uint32_t sum, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i + 1 < n; i += 2)
		sum += get16(p + i);
	return n & 1 ? sum + (uint32_t)(p[n - 1] << 8) : sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void sum_payload(uint8_t *ip, uint8_t *p, size_t n)
{
	static const uint8_t at[256] = {[1] = 2, [2] = 2, [6] = 16, [17] = 6};
	uint8_t proto = ip[9];
	uint32_t sum = proto == 6 || proto == 17 ? add(proto + (uint32_t)n, ip + 12, 8) : 0;

	if (!at[proto] || n < at[proto] + 2u)
		return;
	put16(p + at[proto], 0);
	put16(p + at[proto], fold(add(sum, p, n)));
}

static void good_tcp(uint8_t *p, size_t n)
{
	if (n < 20)
		return;
	put16(p, 1024 + p[0] % 4);
	put16(p + 2, PORT);
	put32(p + 4, next_seq + (p[7] < 16 ? p[7] : 0));
	put32(p + 8, next_ack);
	if (p[12] >> 4 < 5)
		p[12] = 0x50;
}

static void good_ip(uint8_t how, uint8_t *ip, size_t n)
{
	size_t head = (ip[0] & 15) * 4u;

	if (!(how & 8)) {
		if (head < IP || head > n)
			head = IP;
		ip[0] = (uint8_t)(0x40 | head / 4);
		put16(ip + 2, (uint32_t)n);
		memcpy(ip + 16, (const uint8_t[]){10, 99, 0, 2}, 4);
		if (ip[9] == 6)
			good_tcp(ip + head, n - head);
		if (ip[9] == 17 && n - head >= 8)
			put16(ip + head + 2, PORT), put16(ip + head + 4, (uint32_t)(n - head));
	}
	if (!(how & 32) && head >= IP && head < n)
		sum_payload(ip, ip + head, n - head);
	if (how & 128)
		put16(ip + 6, 0x2000);
	if (!(how & 16) && head >= IP && head <= n) {
		put16(ip + 10, 0);
		put16(ip + 10, fold(add(0, ip, head)));
	}
}

static void ethernet(uint8_t *p, uint16_t type)
{
	memcpy(p, domain_mac, 6);
	memcpy(p + 6, our_mac, 6);
	put16(p + 12, type);
}

static size_t packet(uint8_t how, uint8_t *p, const uint8_t *data, size_t n)
{
	static const uint8_t protos[8] = {[4] = 6, [5] = 17, [6] = 1, [7] = 2};
	uint8_t *ip = p + ETH, kind = how & 7;

	ethernet(p, 0x0800);
	if (kind == 2) {
		if (n < IP)
			return ETH + n;
		memcpy(ip, data, n);
	} else {
		memset(ip, 0, IP);
		ip[0] = 0x45, ip[8] = 64;
		ip[9] = kind == 3 && n ? data[0] : protos[kind];
		memcpy(ip + 12, (const uint8_t[]){10, 99, 0, 1, 10, 99, 0, 2}, 8);
		put16(ip + 2, (uint32_t)(IP + n));
		memcpy(ip + IP, data, n);
		n += IP;
	}
	good_ip(how, ip, n);
	return ETH + n;
}

size_t frame_next(const uint8_t **data, size_t *len, uint8_t *frame, bool vnet)
{
	const uint8_t *d = *data;
	uint8_t how, *p = frame + (vnet ? VNET_HDR : 0);
	size_t n;

	if (*len < 4)
		return 0;
	how = d[0];
	n = get16(d + 1) % (*len - 2);
	d += 3;
	*data = d + n;
	*len -= 3 + n;
	memset(frame, 0, VNET_HDR);
	if (vnet && how & 64 && n >= VNET_HDR) {
		memcpy(frame, d, VNET_HDR);
		d += VNET_HDR, n -= VNET_HDR;
	}
	if ((how & 7) > 1) {
		n = packet(how, p, d, n);
	} else if (how & 1) {
		ethernet(p, 0x0806);
		memcpy(p + ETH, d, n);
		n += ETH;
	} else {
		memcpy(p, d, n);
	}
	return n + (size_t)(p - frame) ?: 1;
}

/* An ARP request from an address of the Ethernet that nobody else has. */
size_t frame_question(uint8_t *frame, bool vnet, uint16_t n)
{
	uint8_t *p = frame + (vnet ? VNET_HDR : 0), *arp = p + ETH;

	memset(frame, 0, VNET_HDR + ETH + 28);
	ethernet(p, 0x0806);
	put16(arp, 1), put16(arp + 2, 0x0800), arp[4] = 6, arp[5] = 4, put16(arp + 6, 1);
	memcpy(arp + 8, our_mac, 6);
	put16(arp + 10, 0x5a00), put16(arp + 12, n);
	memcpy(arp + 14, (const uint8_t[]){10, 99, 0, 1}, 4);
	memcpy(arp + 24, (const uint8_t[]){10, 99, 0, 2}, 4);
	return (size_t)(arp + 28 - frame);
}

bool frame_is_answer(const uint8_t *p, size_t len, uint16_t n)
{
	return len >= ETH + 28 && get16(p + 12) == 0x0806 && get16(p + ETH + 6) == 2 &&
	       get16(p + ETH + 20) == 0x5a00 && get16(p + ETH + 22) == n;
}

uint32_t frame_seen(const uint8_t *p, size_t len)
{
	const uint8_t *ip = p + ETH, *tcp = ip + IP;
	uint32_t kind;

	if (len < ETH + IP + 8 || get16(p + 12) != 0x0800)
		return len > 13 ? p[13] : 0;
	kind = 256u + ip[9] * 65536u;
	if (ip[9] == 1)
		return kind + tcp[0] * 256u + tcp[1];
	if (ip[9] != 6 || len < ETH + IP + 20)
		return kind + (uint32_t)(len / 64 % 256);
	next_seq = get32(tcp + 8);
	next_ack = get32(tcp + 4) + (tcp[13] & 3 ? 1 : 0) +
		   (uint32_t)(get16(ip + 2) - IP - (tcp[12] >> 4) * 4);
	return kind + tcp[13] * 16u + (tcp[12] >> 4);
}
