// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module that misbehaves on request, by which the lab proves that it sees
 * what it promises to see. Test only, never installed.
 */

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

static char *kind = "nothing";
module_param(kind, charp, 0);
MODULE_PARM_DESC(kind, "warn, oops, panic, kasan, ubsan, atomic, lockdep, leak, loop, block");

static DEFINE_SPINLOCK(spin);
static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);
static DECLARE_COMPLETION(never);

static void splat_oops(void)
{
	int *nowhere = NULL;

	OPTIMIZER_HIDE_VAR(nowhere);
	*nowhere = 1;
}

static void splat_kasan(void)
{
	char *gone = kmalloc(64, GFP_KERNEL);

	if (!gone)
		return;
	kfree(gone);
	OPTIMIZER_HIDE_VAR(gone);
	pr_info("freed byte: %d\n", gone[3]);
}

static void splat_ubsan(void)
{
	unsigned int by = 40;

	OPTIMIZER_HIDE_VAR(by);
	pr_info("shifted too far: %u\n", 1U << by);
}

static void splat_atomic(void)
{
	spin_lock(&spin);
	msleep(20);
	spin_unlock(&spin);
}

/* No deadlock: the order that could lead to one is enough. */
static void splat_lockdep(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static void splat_leak(void)
{
	void *lost = kmalloc(1000, GFP_KERNEL);

	/* Or the compiler would not allocate what nobody uses. */
	OPTIMIZER_HIDE_VAR(lost);
}

/* Hangs even a clock that only moves when nothing runs. */
static void splat_loop(void)
{
	for (;;)
		cpu_relax();
}

static int __init lab_splat_init(void)
{
	if (!strcmp(kind, "warn"))
		WARN(1, "asked to warn\n");
	else if (!strcmp(kind, "oops"))
		splat_oops();
	else if (!strcmp(kind, "panic"))
		panic("asked to panic");
	else if (!strcmp(kind, "kasan"))
		splat_kasan();
	else if (!strcmp(kind, "ubsan"))
		splat_ubsan();
	else if (!strcmp(kind, "atomic"))
		splat_atomic();
	else if (!strcmp(kind, "lockdep"))
		splat_lockdep();
	else if (!strcmp(kind, "leak"))
		splat_leak();
	else if (!strcmp(kind, "loop"))
		splat_loop();
	else if (!strcmp(kind, "block"))
		wait_for_completion(&never);
	else if (strcmp(kind, "nothing"))
		return -EINVAL;
	return 0;
}

static void __exit lab_splat_exit(void)
{
}

module_init(lab_splat_init);
module_exit(lab_splat_exit);
MODULE_DESCRIPTION("Misbehaves on request, to test what watches the kernel");
MODULE_LICENSE("GPL");
