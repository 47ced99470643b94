// SPDX-License-Identifier: GPL-2.0
/*
 * dev_net.c: network devices on the machine's backend (for example a TAP device), and their
 * configuration. Addresses and the route come from the device's arguments and are set by the calls
 * behind SIOCSIFADDR and SIOCADDRT, so no rtnetlink is needed:
 *
 *	name=eth0,address=10.99.0.2/24,gateway=10.99.0.1,mtu=1500,mac=02:..
 */
#include <linux/etherdevice.h>
#include <linux/if.h>
#include <linux/inet.h>
#include <linux/inetdevice.h>
#include <linux/netdevice.h>
#include <linux/route.h>
#include <linux/rtnetlink.h>
#include <linux/skbuff.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <linux/virtio_net.h>
#include <net/net_namespace.h>
#include <net/route.h>
#include <net/ip_fib.h>
#include <asm/sd.h>

#include "dev.h"

#define SD_NET_LINEAR 1600 /* a frame of the usual MTU */
#define SD_NET_HEAD   256  /* all headers of a larger frame */

struct sd_netdev {
	const struct sd_net_ops *ops;
	void *host;
	bool vnet; /* packets carry a struct virtio_net_hdr */
	struct napi_struct napi;
};

static netdev_tx_t sd_net_xmit(struct sk_buff *skb, struct net_device *ndev)
{
	struct sd_netdev *sd = netdev_priv(ndev);
	const void *frag[MAX_SKB_FRAGS + 2];
	u32 len[MAX_SKB_FRAGS + 2];
	struct virtio_net_hdr hdr;
	int i, n = 0;

	if (sd->vnet) {
		if (virtio_net_hdr_from_skb(skb, &hdr, true, false, 0))
			goto drop;
		frag[n] = &hdr;
		len[n++] = sizeof(hdr);
	}
	frag[n] = skb->data;
	len[n++] = skb_headlen(skb);
	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++) {
		frag[n] = skb_frag_address(&skb_shinfo(skb)->frags[i]);
		len[n++] = skb_frag_size(&skb_shinfo(skb)->frags[i]);
	}
	if (sd->ops->tx(sd->host, frag, len, n))
		goto drop;
	ndev->stats.tx_packets++;
	ndev->stats.tx_bytes += skb->len;
	consume_skb(skb);
	return NETDEV_TX_OK;
drop:
	ndev->stats.tx_errors++;
	kfree_skb(skb);
	return NETDEV_TX_OK;
}

/* Takes over what the host says about a packet's checksum and segmentation. It offloads only TCP
 * over IPv4, as we asked. */
static int sd_net_offloads(struct sk_buff *skb, const struct virtio_net_hdr *hdr)
{
	unsigned int head;

	if (!(hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return hdr->gso_type == VIRTIO_NET_HDR_GSO_NONE ? 0 : -EPROTO;
	if (!skb_partial_csum_set(skb, hdr->csum_start, hdr->csum_offset))
		return -EPROTO;
	if (hdr->gso_type == VIRTIO_NET_HDR_GSO_NONE)
		return 0;
	head = hdr->csum_start + sizeof(struct tcphdr);
	if ((hdr->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) != VIRTIO_NET_HDR_GSO_TCPV4 ||
	    !hdr->gso_size || skb->len <= head)
		return -EPROTO;
	skb_shinfo(skb)->gso_type = SKB_GSO_TCPV4;
	if (hdr->gso_type & VIRTIO_NET_HDR_GSO_ECN)
		skb_shinfo(skb)->gso_type |= SKB_GSO_TCP_ECN;
	skb_shinfo(skb)->gso_size = hdr->gso_size;
	skb_shinfo(skb)->gso_segs = DIV_ROUND_UP(skb->len - head, hdr->gso_size);
	return 0;
}

/* Small packets are linear; large ones have their headers in the linear part and the rest in pages.
 */
static struct sk_buff *sd_net_copy(struct sd_netdev *sd, const void *data, u32 len)
{
	struct sk_buff *skb;
	int err;

	if (len <= SD_NET_LINEAR) {
		skb = napi_alloc_skb(&sd->napi, len);
		if (skb)
			skb_put_data(skb, data, len);
		return skb;
	}
	skb = alloc_skb_with_frags(NET_SKB_PAD + NET_IP_ALIGN + SD_NET_HEAD, len - SD_NET_HEAD,
				   PAGE_ALLOC_COSTLY_ORDER, &err, GFP_ATOMIC | __GFP_NOWARN);
	if (!skb)
		return NULL;
	skb_reserve(skb, NET_SKB_PAD + NET_IP_ALIGN);
	skb_put_data(skb, data, SD_NET_HEAD);
	skb->data_len = len - SD_NET_HEAD;
	skb->len = len;
	skb->truesize += skb->data_len;
	skb->dev = sd->napi.dev;
	skb_store_bits(skb, SD_NET_HEAD, data + SD_NET_HEAD, skb->data_len);
	return skb;
}

static struct sk_buff *sd_net_receive(struct sd_netdev *sd, const void *data, u32 len)
{
	const struct virtio_net_hdr *hdr = data;
	u32 skip = sd->vnet ? sizeof(*hdr) : 0;
	struct sk_buff *skb;

	if (len < skip + ETH_HLEN)
		return NULL;
	skb = sd_net_copy(sd, data + skip, len - skip);
	if (!skb)
		return NULL;
	if (sd->vnet && sd_net_offloads(skb, hdr)) {
		kfree_skb(skb);
		return NULL;
	}
	skb->protocol = eth_type_trans(skb, sd->napi.dev);
	return skb;
}

static int sd_net_poll(struct napi_struct *napi, int budget)
{
	struct sd_netdev *sd = container_of(napi, struct sd_netdev, napi);
	struct net_device *ndev = napi->dev;
	const void *data;
	int done = 0;
	u32 len;

	while (done < budget && (data = sd->ops->rx_peek(sd->host, &len))) {
		struct sk_buff *skb = sd_net_receive(sd, data, len);

		sd->ops->rx_done(sd->host);
		done++;
		if (!skb) {
			ndev->stats.rx_dropped++;
			continue;
		}
		ndev->stats.rx_packets++;
		ndev->stats.rx_bytes += len;
		napi_gro_receive(napi, skb);
	}
	if (done < budget) {
		napi_complete_done(napi, done);
		/* A packet that came between the last look and completion rang before we could be
		 * scheduled again. */
		if (sd->ops->rx_peek(sd->host, &len))
			napi_schedule(napi);
	}
	return done;
}

static void sd_net_doorbell(void *arg)
{
	struct sd_netdev *sd = arg;

	napi_schedule(&sd->napi);
}

static int sd_net_open(struct net_device *ndev)
{
	struct sd_netdev *sd = netdev_priv(ndev);

	napi_enable(&sd->napi);
	netif_start_queue(ndev);
	napi_schedule(&sd->napi);
	return 0;
}

static int sd_net_stop(struct net_device *ndev)
{
	struct sd_netdev *sd = netdev_priv(ndev);

	netif_stop_queue(ndev);
	napi_disable(&sd->napi);
	return 0;
}

static const struct net_device_ops sd_netdev_ops = {
	.ndo_open = sd_net_open,
	.ndo_stop = sd_net_stop,
	.ndo_start_xmit = sd_net_xmit,
	.ndo_validate_addr = eth_validate_addr,
	.ndo_set_mac_address = eth_mac_addr,
};

static void set_sockaddr(struct sockaddr *sa, __be32 addr)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)sa;

	memset(sin, 0, sizeof(*sin));
	sin->sin_family = AF_INET;
	sin->sin_addr.s_addr = addr;
}

static int set_if_addr(struct net_device *ndev, unsigned int cmd, __be32 addr)
{
	struct ifreq ifr = {};

	strscpy(ifr.ifr_name, ndev->name, IFNAMSIZ);
	set_sockaddr(&ifr.ifr_addr, addr);
	return devinet_ioctl(&init_net, cmd, &ifr);
}

/* text: a.b.c.d/len */
static int set_address(struct net_device *ndev, char *text)
{
	char *slash = strchr(text, '/');
	unsigned int bits;
	__be32 addr;
	int err;

	if (!slash)
		return -EINVAL;
	*slash = 0;
	if (kstrtouint(slash + 1, 10, &bits) || bits > 32 ||
	    !in4_pton(text, -1, (u8 *)&addr, -1, NULL))
		return -EINVAL;
	err = set_if_addr(ndev, SIOCSIFADDR, addr);
	return err ?: set_if_addr(ndev, SIOCSIFNETMASK, inet_make_mask(bits));
}

static int set_gateway(const char *text)
{
	struct rtentry rt = {.rt_flags = RTF_UP | RTF_GATEWAY};
	__be32 addr;

	if (!in4_pton(text, -1, (u8 *)&addr, -1, NULL))
		return -EINVAL;
	set_sockaddr(&rt.rt_dst, 0);
	set_sockaddr(&rt.rt_genmask, 0);
	set_sockaddr(&rt.rt_gateway, addr);
	return ip_rt_ioctl(&init_net, SIOCADDRT, &rt);
}

static int bring_up(struct net_device *ndev)
{
	int err;

	rtnl_lock();
	err = dev_change_flags(ndev, ndev->flags | IFF_UP, NULL);
	rtnl_unlock();
	return err;
}

static int net_configure(const struct sd_device *dev, struct net_device *ndev)
{
	char text[40];
	int err;

	err = bring_up(ndev);
	if (!err && sd_dev_arg(dev, "address", text, sizeof(text)))
		err = set_address(ndev, text);
	if (!err && sd_dev_arg(dev, "gateway", text, sizeof(text)))
		err = set_gateway(text);
	return err;
}

static int set_hardware(const struct sd_device *dev, struct net_device *ndev)
{
	char text[24];
	u8 mac[ETH_ALEN];
	unsigned int mtu;

	if (sd_dev_arg(dev, "name", text, IFNAMSIZ))
		strscpy(ndev->name, text, IFNAMSIZ);
	if (sd_dev_arg(dev, "mtu", text, sizeof(text))) {
		if (kstrtouint(text, 10, &mtu) || mtu < ETH_MIN_MTU || mtu > 9000)
			return -EINVAL;
		ndev->mtu = mtu;
	}
	if (!sd_dev_arg(dev, "mac", text, sizeof(text)))
		eth_hw_addr_random(ndev);
	else if (mac_pton(text, mac) && is_valid_ether_addr(mac))
		eth_hw_addr_set(ndev, mac);
	else
		return -EINVAL;
	return 0;
}

static int sd_net_probe(const struct sd_device *dev, unsigned int line)
{
	struct net_device *ndev = alloc_etherdev(sizeof(struct sd_netdev));
	struct sd_netdev *sd;
	int err;

	if (!ndev)
		return -ENOMEM;
	sd = netdev_priv(ndev);
	sd->ops = dev->ops->net;
	sd->host = dev->host;
	ndev->netdev_ops = &sd_netdev_ops;
	sd->vnet = sd->ops->vnet(sd->host);
	ndev->features = ndev->hw_features =
		NETIF_F_SG | NETIF_F_HIGHDMA |
		(sd->vnet ? NETIF_F_HW_CSUM | NETIF_F_TSO | NETIF_F_TSO_ECN : 0);
	ndev->max_mtu = 9000;
	netif_napi_add(ndev, &sd->napi, sd_net_poll);
	err = set_hardware(dev, ndev);
	if (!err)
		err = register_netdev(ndev);
	if (err) {
		free_netdev(ndev);
		return err;
	}
	sd_irq_register(line, sd_net_doorbell, sd);
	return net_configure(dev, ndev);
}

static int sd_net_start(void)
{
	return bring_up(init_net.loopback_dev);
}

const struct sd_driver sd_driver_net = {
	.type = "net",
	.start = sd_net_start,
	.probe = sd_net_probe,
};
