// SPDX-License-Identifier: GPL-2.0-or-later
#include "descriptors.h"

#include <endian.h>
#include <linux/usb/functionfs.h>
#include <string.h>

#include "usb_protocol.h"

#define ENGLISH 0x0409
#define EP0_MAXP 64
#define MAX_POWER 1 /* in 2 mA: it has a supply of its own */

/* Numbers of the strings; 0 lists the languages */
enum {
	S_MANUFACTURER = 1,
	S_PRODUCT,
	S_SERIAL,
	S_CONFIGURATION,
	S_INTERFACE
};

const struct hp_endpoint_fact hp_endpoint_facts[4] = {
	{ USB_DIR_OUT | 1, USB_ENDPOINT_XFER_INT, MNP_KILL_MAXP, 1 },
	{ USB_DIR_OUT | 2, USB_ENDPOINT_XFER_INT, MNP_LEASE_MAXP, 1 },
	{ USB_DIR_IN | 3, USB_ENDPOINT_XFER_INT, MNP_STATUS_MAXP, 1 },
	{ USB_DIR_IN | 4, USB_ENDPOINT_XFER_BULK, MNP_STROKES_MAXP, 0 },
};

#define ENDPOINTS (sizeof(hp_endpoint_facts) / sizeof(hp_endpoint_facts[0]))

struct configuration {
	struct usb_config_descriptor config;
	struct usb_interface_descriptor interface;
	struct usb_endpoint_descriptor_no_audio endpoint[ENDPOINTS];
} __attribute__((packed));

uint16_t hp_endpoint_maxp(const struct hp_endpoint_fact *e, bool high_speed)
{
	return e->type == USB_ENDPOINT_XFER_BULK && !high_speed ? 64 : e->maxp;
}

static int put(uint8_t *out, const void *descriptor, size_t length)
{
	memcpy(out, descriptor, length);
	return (int)length;
}

static int device(uint8_t *out)
{
	const struct usb_device_descriptor d = {
		.bLength = USB_DT_DEVICE_SIZE,
		.bDescriptorType = USB_DT_DEVICE,
		.bcdUSB = htole16(0x0200),
		.bMaxPacketSize0 = EP0_MAXP,
		.idVendor = htole16(MNP_USB_VENDOR),
		.idProduct = htole16(MNP_USB_PRODUCT),
		.bcdDevice = htole16(HP_DEVICE_RELEASE),
		.iManufacturer = S_MANUFACTURER,
		.iProduct = S_PRODUCT,
		.iSerialNumber = S_SERIAL,
		.bNumConfigurations = 1,
	};

	return put(out, &d, sizeof(d));
}

static int qualifier(uint8_t *out)
{
	const struct usb_qualifier_descriptor d = {
		.bLength = sizeof(d),
		.bDescriptorType = USB_DT_DEVICE_QUALIFIER,
		.bcdUSB = htole16(0x0200),
		.bMaxPacketSize0 = EP0_MAXP,
		.bNumConfigurations = 1,
	};

	return put(out, &d, sizeof(d));
}

static int configuration(uint8_t type, bool high_speed, uint8_t *out)
{
	struct configuration d = {
		.config = {
			.bLength = USB_DT_CONFIG_SIZE,
			.bDescriptorType = type,
			.wTotalLength = htole16(sizeof(d)),
			.bNumInterfaces = 1,
			.bConfigurationValue = HP_CONFIGURATION,
			.iConfiguration = S_CONFIGURATION,
			.bmAttributes = USB_CONFIG_ATT_ONE,
			.bMaxPower = MAX_POWER,
		},
		.interface = {
			.bLength = USB_DT_INTERFACE_SIZE,
			.bDescriptorType = USB_DT_INTERFACE,
			.bNumEndpoints = ENDPOINTS,
			.bInterfaceClass = MNP_USB_CLASS,
			.bInterfaceSubClass = MNP_USB_SUBCLASS,
			.bInterfaceProtocol = MNP_USB_INTERFACE_PROTOCOL,
			.iInterface = S_INTERFACE,
		},
	};

	for (size_t i = 0; i < ENDPOINTS; i++) {
		const struct hp_endpoint_fact *e = &hp_endpoint_facts[i];

		d.endpoint[i] = (struct usb_endpoint_descriptor_no_audio){
			.bLength = USB_DT_ENDPOINT_SIZE,
			.bDescriptorType = USB_DT_ENDPOINT,
			.bEndpointAddress = e->address,
			.bmAttributes = e->type,
			.wMaxPacketSize = htole16(hp_endpoint_maxp(e, high_speed)),
			.bInterval = e->interval,
		};
	}
	return put(out, &d, sizeof(d));
}

static int string(uint8_t number, const char *serial, uint8_t *out)
{
	const char *const strings[] = {
		[S_MANUFACTURER] = "microneedle",
		[S_PRODUCT] = "Simulated handpiece",
		[S_SERIAL] = serial,
		[S_CONFIGURATION] = "handpiece",
		[S_INTERFACE] = "microneedling handpiece",
	};
	size_t length;

	if (number >= sizeof(strings) / sizeof(strings[0]))
		return -1;
	out[1] = USB_DT_STRING;
	if (number == 0) {
		out[0] = 4;
		out[2] = ENGLISH & 0xff;
		out[3] = ENGLISH >> 8;
		return out[0];
	}
	length = strlen(strings[number]);
	out[0] = (uint8_t)(2 + 2 * length);
	/* plain ASCII, in UTF-16 */
	for (size_t i = 0; i < length; i++) {
		out[2 + 2 * i] = (uint8_t)strings[number][i];
		out[3 + 2 * i] = 0;
	}
	return out[0];
}

int hp_descriptor(uint16_t value, bool high_speed, const char *serial, uint8_t *out)
{
	uint8_t number = (uint8_t)value;

	switch (value >> 8) {
	case USB_DT_DEVICE:
		return device(out);
	case USB_DT_CONFIG:
		return number ? -1 : configuration(USB_DT_CONFIG, high_speed, out);
	case USB_DT_STRING:
		return string(number, serial, out);
	case USB_DT_DEVICE_QUALIFIER:
		return high_speed ? qualifier(out) : -1;
	case USB_DT_OTHER_SPEED_CONFIG:
		return high_speed && !number
			       ? configuration(USB_DT_OTHER_SPEED_CONFIG, !high_speed, out)
			       : -1;
	default:
		return -1;
	}
}
