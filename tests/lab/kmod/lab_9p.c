// SPDX-License-Identifier: GPL-2.0-only
/*
 * A 9p transport over virtio that waits for each answer on the CPU.
 *
 * In counted time an idle CPU's clock leaps to the next timer. The stock
 * transport sleeps until the host has answered, so there each read of a file
 * would cost the guest seconds: a program started cold would miss every
 * deadline. With this one the clock counts a few instructions of waiting
 * instead. Test only, never installed.
 *
 * Mounted with -o trans=lab. One request at a time is on its way: the host
 * answers from memory, mostly, and there is one CPU.
 */

#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/virtio.h>
#include <linux/virtio_9p.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <net/9p/9p.h>
#include <net/9p/client.h>
#include <net/9p/transport.h>

struct channel {
	struct list_head node;
	struct virtqueue *queue;
	/* One request on its way. */
	struct mutex lock;
	bool in_use;
	char tag[];
};

/* Guards the list and each channel's in_use. */
static DEFINE_MUTEX(channels_lock);
static LIST_HEAD(channels);

static int lab_9p_request(struct p9_client *client, struct p9_req_t *req)
{
	struct channel *channel = client->trans;
	struct scatterlist out, in, *lists[] = { &out, &in };
	unsigned int length;
	int err;

	sg_init_one(&out, req->tc.sdata, req->tc.size);
	sg_init_one(&in, req->rc.sdata, req->rc.capacity);

	mutex_lock(&channel->lock);
	WRITE_ONCE(req->status, REQ_STATUS_SENT);
	err = virtqueue_add_sgs(channel->queue, lists, 1, 1, req, GFP_KERNEL);
	if (!err) {
		virtqueue_kick(channel->queue);
		while (!virtqueue_get_buf(channel->queue, &length)) {
			cpu_relax();
			cond_resched();
		}
	}
	mutex_unlock(&channel->lock);
	if (err)
		return -EIO;

	req->rc.size = length;
	p9_client_cb(client, req, REQ_STATUS_RCVD);
	return 0;
}

/* By the time that anybody could ask for it, a request has been answered. */
static int lab_9p_cancel(struct p9_client *client, struct p9_req_t *req)
{
	return 1;
}

static int lab_9p_create(struct p9_client *client, const char *tag, char *args)
{
	struct channel *channel;
	int err = -ENOENT;

	if (!tag)
		return -EINVAL;

	mutex_lock(&channels_lock);
	list_for_each_entry(channel, &channels, node) {
		if (strcmp(channel->tag, tag))
			continue;
		err = -EBUSY;
		if (channel->in_use)
			break;
		channel->in_use = true;
		client->trans = channel;
		client->status = Connected;
		err = 0;
		break;
	}
	mutex_unlock(&channels_lock);
	return err;
}

static void lab_9p_close(struct p9_client *client)
{
	struct channel *channel = client->trans;

	client->status = Disconnected;
	if (!channel)
		return;
	mutex_lock(&channels_lock);
	channel->in_use = false;
	mutex_unlock(&channels_lock);
}

static struct p9_trans_module lab_9p_transport = {
	.name = "lab",
	.owner = THIS_MODULE,
	.maxsize = 512 * 1024,
	.create = lab_9p_create,
	.close = lab_9p_close,
	.request = lab_9p_request,
	.cancel = lab_9p_cancel,
};

static int lab_9p_probe(struct virtio_device *vdev)
{
	struct channel *channel;
	u16 length;

	virtio_cread(vdev, struct virtio_9p_config, tag_len, &length);
	channel = kzalloc(sizeof(*channel) + length + 1, GFP_KERNEL);
	if (!channel)
		return -ENOMEM;
	virtio_cread_bytes(vdev, offsetof(struct virtio_9p_config, tag), channel->tag, length);
	mutex_init(&channel->lock);

	/* No callback, no interrupt: the answer is waited for where it is needed. */
	channel->queue = virtio_find_single_vq(vdev, NULL, "requests");
	if (IS_ERR(channel->queue)) {
		int err = PTR_ERR(channel->queue);

		kfree(channel);
		return err;
	}
	vdev->priv = channel;
	virtio_device_ready(vdev);

	mutex_lock(&channels_lock);
	list_add_tail(&channel->node, &channels);
	mutex_unlock(&channels_lock);
	return 0;
}

/* The lab's machines never take a share away while it is mounted. */
static void lab_9p_remove(struct virtio_device *vdev)
{
	struct channel *channel = vdev->priv;

	mutex_lock(&channels_lock);
	list_del(&channel->node);
	mutex_unlock(&channels_lock);
	virtio_reset_device(vdev);
	vdev->config->del_vqs(vdev);
	kfree(channel);
}

static const struct virtio_device_id lab_9p_ids[] = { { VIRTIO_ID_9P, VIRTIO_DEV_ANY_ID }, {} };

static unsigned int lab_9p_features[] = { VIRTIO_9P_MOUNT_TAG };

static struct virtio_driver lab_9p_driver = {
	.driver.name = "lab_9p",
	.driver.owner = THIS_MODULE,
	.feature_table = lab_9p_features,
	.feature_table_size = ARRAY_SIZE(lab_9p_features),
	.id_table = lab_9p_ids,
	.probe = lab_9p_probe,
	.remove = lab_9p_remove,
};

static int __init lab_9p_init(void)
{
	int err;

	INIT_LIST_HEAD(&lab_9p_transport.list);
	v9fs_register_trans(&lab_9p_transport);
	err = register_virtio_driver(&lab_9p_driver);
	if (err)
		v9fs_unregister_trans(&lab_9p_transport);
	return err;
}

static void __exit lab_9p_exit(void)
{
	unregister_virtio_driver(&lab_9p_driver);
	v9fs_unregister_trans(&lab_9p_transport);
}

module_init(lab_9p_init);
module_exit(lab_9p_exit);
MODULE_DESCRIPTION("9p over virtio without a sleep, for a clock that counts instructions");
MODULE_LICENSE("GPL");
