// SPDX-License-Identifier: GPL-2.0-only
/*
 * USB handpieces come and go, sleep and wake. The protocol is on the page usb_protocol.md.
 */
#include <linux/module.h>
#include <linux/slab.h>

#include "usb.h"

static void free_usb(struct mn_usb *usb)
{
	mn_usb_link_free(usb);
	usb_put_dev(usb->udev);
	kfree(usb);
}

static int mn_usb_probe(struct usb_interface *intf, const struct usb_device_id *id)
{
	struct mnp_identity identity;
	struct mn_endpoints eps;
	struct mn_caps *caps;
	struct mn_usb *usb;
	int err;

	if (mn_usb_find_endpoints(intf, &eps)) {
		dev_err(&intf->dev, "endpoints are not those of a handpiece\n");
		return -ENODEV;
	}
	usb = kzalloc(sizeof(*usb), GFP_KERNEL);
	caps = kzalloc(sizeof(*caps), GFP_KERNEL);
	if (!usb || !caps) {
		kfree(usb);
		kfree(caps);
		return -ENOMEM;
	}
	usb->intf = intf;
	usb->udev = usb_get_dev(interface_to_usbdev(intf));
	mutex_init(&usb->request_lock);

	err = mn_usb_link_init(usb, &eps) ?: mn_usb_identify(usb, caps, &identity);
	if (err)
		goto fail;
	usb->mn = mn_device_alloc(&intf->dev, &mn_usb_ops, usb, caps, identity.last_epoch);
	if (IS_ERR(usb->mn)) {
		err = PTR_ERR(usb->mn);
		goto fail;
	}
	usb_set_intfdata(intf, usb);
	err = mn_usb_link_listen(usb);
	if (err)
		mn_device_discard(usb->mn);
	else
		err = mn_device_register(usb->mn);
	if (err)
		goto fail_device;
	kfree(caps);
	return 0;

fail_device:
	mn_usb_link_poison(usb);
	mn_device_put(usb->mn);
	usb_set_intfdata(intf, NULL);
fail:
	kfree(caps);
	free_usb(usb);
	return err;
}

static void mn_usb_disconnect(struct usb_interface *intf)
{
	struct mn_usb *usb = usb_get_intfdata(intf);

	mn_device_unregister(usb->mn);
	mn_usb_link_poison(usb);
	mn_device_put(usb->mn);
	usb_set_intfdata(intf, NULL);
	free_usb(usb);
}

static int mn_usb_suspend(struct usb_interface *intf, pm_message_t message)
{
	struct mn_usb *usb = usb_get_intfdata(intf);

	mn_device_suspend(usb->mn);
	mn_usb_link_poison(usb);
	return 0;
}

static int mn_usb_resume(struct usb_interface *intf)
{
	struct mn_usb *usb = usb_get_intfdata(intf);

	mn_usb_link_unpoison(usb);
	mn_usb_link_listen_again(usb);
	mn_device_resume(usb->mn);
	return 0;
}

static int mn_usb_pre_reset(struct usb_interface *intf)
{
	return mn_usb_suspend(intf, PMSG_SUSPEND);
}

static const struct usb_device_id mn_usb_ids[] = {
	{ USB_DEVICE_AND_INTERFACE_INFO(MNP_USB_VENDOR, MNP_USB_PRODUCT, MNP_USB_CLASS,
					MNP_USB_SUBCLASS, MNP_USB_INTERFACE_PROTOCOL) },
	{}
};
MODULE_DEVICE_TABLE(usb, mn_usb_ids);

static struct usb_driver mn_usb_driver = {
	.name = "microneedle-usb",
	.probe = mn_usb_probe,
	.disconnect = mn_usb_disconnect,
	.suspend = mn_usb_suspend,
	.resume = mn_usb_resume,
	.reset_resume = mn_usb_resume,
	.pre_reset = mn_usb_pre_reset,
	.post_reset = mn_usb_resume,
	.id_table = mn_usb_ids,
	.soft_unbind = 1,	/* so that unbinding can still send STOP */
	/* A handpiece that is asleep cannot tell of its emergency stop. */
	.supports_autosuspend = 0,
};
module_usb_driver(mn_usb_driver);

MODULE_DESCRIPTION("Microneedling handpieces on USB");
MODULE_AUTHOR("The microneedle authors");
MODULE_LICENSE("GPL");
