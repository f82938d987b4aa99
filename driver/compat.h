/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few differences between the kernels that this driver is built for: 6.1, 6.12 and later.
 */
#ifndef MN_COMPAT_H
#define MN_COMPAT_H

#include <linux/hrtimer.h>
#include <linux/pwm.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define mn_hrtimer_setup	hrtimer_setup
#else
static inline void mn_hrtimer_setup(struct hrtimer *timer,
				    enum hrtimer_restart (*function)(struct hrtimer *),
				    clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#define mn_pwm_apply		pwm_apply_might_sleep
#else
#define mn_pwm_apply		pwm_apply_state
#endif

/* KUnit tests are modules of their own; nothing but they needs these symbols. */
#if IS_ENABLED(CONFIG_KUNIT)
#define EXPORT_SYMBOL_MN_KUNIT(symbol)	EXPORT_SYMBOL_GPL(symbol)
#else
#define EXPORT_SYMBOL_MN_KUNIT(symbol)
#endif

#endif /* MN_COMPAT_H */
