/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Contract between the core and what is around it: transports below, the character device and sysfs
 * above.
 */
#ifndef MICRONEEDLE_H
#define MICRONEEDLE_H

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "safety.h"

struct mn_capture_file;
struct mn_device;

/**
 * struct mn_transport_ops - What a transport does. All are required but where it says so.
 * @start: Start the motor, or change its set point while it runs, and wait for the handpiece's
 *	answer. May sleep, at most %MN_START_BOUND_MS. Called from the core's gate and from nowhere
 *	else.
 *	-EREMOTEIO the handpiece refused; anything else means that the outcome is unknown.
 * @stop: Stop and wait until the handpiece reports, through mn_report_status(), that it obeyed this
 *	epoch and that its needles are home, or that it can't bring them home, a fault of its own.
 *	May sleep, at most 500 ms. -ETIMEDOUT it did not.
 * @kill: Stop, now. Atomic; called with the state lock held, so it must not call back; must not
 *	queue behind anything. An error means that the stop did not get out; the core then tries
 *	@stop.
 * @lease: Renew the handpiece's lease. Atomic, with the state lock held, must not call back: it is
 *	sent from a timer so that it depends on no scheduling. An error is a fault.
 * @tag: Read the cartridge's tag. May sleep, at most 100 ms. Not asked where mn_caps.tagless is
 *	set.
 * @mark: Write the used mark. May sleep, at most 100 ms. What counts is what @tag reads afterwards.
 *	Not asked where mn_caps.tagless is set.
 * @clear: Ask the handpiece to clear these of its own faults (bit 1 << enum mn_fault) and report
 *	its status. May sleep, at most 100 ms.
 * @self_test: Have it begin to test itself and report its status. May sleep, at most 200 ms.
 *	-EREMOTEIO it refused; -EAGAIN what moves in it is still on its way home.
 * @capture: Begin a waveform of so many samples, or end the one that is under way (both 0). May
 *	sleep, at most 500 ms. Required where mn_caps.capture_max_hz is not 0. -EREMOTEIO it
 *	refused. The samples come through mn_report_samples().
 */
struct mn_transport_ops {
	int (*start)(struct mn_device *mn, const struct mn_order *order);
	int (*stop)(struct mn_device *mn, u32 epoch);
	int (*kill)(struct mn_device *mn, u32 epoch);
	int (*lease)(struct mn_device *mn, u32 epoch);
	int (*tag)(struct mn_device *mn, struct mn_tag *tag);
	int (*mark)(struct mn_device *mn, u64 uid, const u8 *treatment);
	int (*clear)(struct mn_device *mn, u64 faults);
	int (*self_test)(struct mn_device *mn);
	int (*capture)(struct mn_device *mn, u32 rate_hz, u32 samples);
};

/**
 * struct mn_listener - Somebody who wants records.
 * @node: In mn_device.listeners.
 * @post: Called for each record with the state lock held, in any context. @urgent for the records
 *	that strokes may not push out.
 * @gone: Called once, likewise, when the handpiece is gone and no record will come any more.
 */
struct mn_listener {
	struct list_head node;
	void (*post)(struct mn_listener *listener, const struct mn_record *record, bool urgent);
	void (*gone)(struct mn_listener *listener);
};

/**
 * struct mn_memory - What is kept of a handpiece by its serial number, until the module is
 * unloaded.
 * @node: In the core's list.
 * @serial: Whose.
 * @in_use: A device with this serial number is registered.
 * @keep: What.
 */
struct mn_memory {
	struct list_head node;
	char serial[32];
	bool in_use;
	struct mn_keep keep;
};

/**
 * struct mn_device - One handpiece.
 * @dev: Lifetime; freed in its release.
 * @cdev: /dev/microneedleN.
 * @ops_sem: Held for reading around every use of @ops that may sleep; for writing to revoke them.
 *	Taken before @cmd_lock. Nobody waits for an event while holding it.
 * @ops: NULL once unregistered. Written under @ops_sem and @state_lock: either suffices to read.
 * @data: The transport's.
 * @cmd_lock: One command at a time talks to the handpiece. Stop and heartbeat never take it.
 * @state_lock: Protects @safety, @controller, @listeners and @timer's programming. Taken in any
 *	context.
 * @safety: The rules' state.
 * @controller: Whoever holds control, an opaque mark of an open file.
 * @listeners: Who gets records.
 * @timer: The next deadline of @safety.
 * @start_work: Starts after the trigger was pressed. Likewise @tag_work, @stop_work.
 * @tag_work: Reads the cartridge.
 * @stop_work: Confirms a stop: after the handpiece restarted, or when the kill did not get out.
 * @log_work: Writes faults to the kernel's log, where a slow console delays nobody.
 * @unlogged: Which faults it has yet to write.
 * @capture_lock: Protects @capture. Taken in any context; only a wait queue's is taken inside.
 * @capture: The open capture, see capture.c.
 * @memory: What outlives it.
 * @node: In the core's list of devices.
 */
struct mn_device {
	struct device dev;
	struct cdev cdev;
	struct rw_semaphore ops_sem;
	const struct mn_transport_ops *ops;
	void *data;
	struct mutex cmd_lock;		/* talks to the handpiece */
	spinlock_t state_lock;		/* safety, controller, listeners */
	struct mn_safety safety;
	const void *controller;
	struct list_head listeners;
	struct hrtimer timer;
	struct work_struct start_work;
	struct work_struct tag_work;
	struct work_struct stop_work;
	struct work_struct log_work;
	u64 unlogged;
	spinlock_t capture_lock;	/* capture */
	struct mn_capture_file *capture;
	struct mn_memory *memory;
	struct list_head node;
};

/* For transports */
struct mn_device *mn_device_alloc(struct device *parent, const struct mn_transport_ops *ops,
				  void *data, const struct mn_caps *caps, u32 last_epoch);
int mn_device_register(struct mn_device *mn);
void mn_device_discard(struct mn_device *mn);
void mn_device_unregister(struct mn_device *mn);
void mn_device_put(struct mn_device *mn);
void mn_device_suspend(struct mn_device *mn);
void mn_device_resume(struct mn_device *mn);
void mn_report_strokes(struct mn_device *mn, const struct mn_stroke *strokes, unsigned int count);
void mn_report_status(struct mn_device *mn, const struct mn_report *report);
void mn_report_samples(struct mn_device *mn, const struct mn_sample *samples, unsigned int count);
void mn_report_capture_end(struct mn_device *mn, int why);
void mn_report_failure(struct mn_device *mn, u32 code, s32 detail0, s32 detail1);

static inline void *mn_device_data(struct mn_device *mn)
{
	return mn->data;
}

#endif /* MICRONEEDLE_H */
