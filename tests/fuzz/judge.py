#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Say whether allocations failed wherever the driver makes them: judge.py FOLDER MODULE.ko...

Reads what the tests left in FOLDER and FOLDER/gpio (tests.xml, tally.json, allocations.json), and
where the modules ask for memory. Ends with "N passed, N failed", one for each module, each count,
and the judge's own check; writes evidence.json.
"""

import json
import os
import sys
import xml.etree.ElementTree

from sites import calls, externals, one_name

# What the modules have from elsewhere: what may ask for memory on their behalf,
ALLOCATES = {
    "__devm_add_action", "__kfifo_alloc", "__kmalloc_cache_noprof", "__kmalloc_noprof",
    "__platform_driver_register", "alloc_chrdev_region", "anon_inode_getfile", "cdev_device_add",
    "cdev_device_del", "class_register", "dev_set_name", "devm_gpiod_get", "devm_kmalloc",
    "devm_pwm_get", "devm_request_threaded_irq", "get_unused_fd_flags", "ida_alloc_range",
    "platform_driver_unregister", "usb_alloc_urb", "usb_control_msg_recv", "usb_control_msg_send",
    "usb_deregister", "usb_register_driver", "usb_submit_urb",
}
# and what does not. What stands in neither list fails until somebody has looked.
QUIET = set("""
___ratelimit __clear_user __init_rwsem __init_swait_queue_head __init_waitqueue_head __init_work
__kfifo_free __kfifo_to_user __list_add_valid_or_report __list_del_entry_valid_or_report
__might_fault __might_sleep __mutex_init __raw_spin_lock_init __wake_up _dev_err _dev_info
_dev_notice _dev_warn _printk _raw_spin_lock _raw_spin_lock_irq _raw_spin_lock_irqsave
_raw_spin_unlock _raw_spin_unlock_irq _raw_spin_unlock_irqrestore atomic_notifier_chain_register
atomic_notifier_chain_unregister cancel_delayed_work_sync cancel_work_sync cdev_init
check_zeroed_user class_unregister complete crc32_le debug_locks delayed_work_timer_fn
dev_err_probe device_initialize device_property_present device_property_read_string
device_property_read_u32_array down_read down_write fd_install finish_wait flush_work fput
get_device get_random_u32 get_random_u64 gpiod_cansleep gpiod_get_value gpiod_is_active_low
gpiod_set_value gpiod_to_irq hrtimer_cancel hrtimer_init hrtimer_start_range_ns
hrtimer_try_to_cancel ida_destroy ida_free init_timer_key init_uts_ns init_wait_entry int_sqrt
jiffies kfree kmalloc_caches kstrtouint ktime_get ktime_get_real_seconds lock_is_held_type
lockdep_init_map_type memcmp memcpy memset msleep mutex_lock_interruptible_nested mutex_lock_nested
mutex_unlock panic_notifier_list param_ops_uint prepare_to_wait_event put_device put_unused_fd
pwm_apply_might_sleep queue_delayed_work_on queue_work_on raw_copy_from_user raw_copy_to_user
register_pm_notifier register_reboot_notifier schedule should_fail_usercopy sized_strscpy strcmp
stream_open strnlen sysfs_emit system_highpri_wq system_percpu_wq system_wq task_size
unregister_chrdev_region unregister_pm_notifier unregister_reboot_notifier up_read up_write
usb_free_urb usb_get_dev usb_poison_urb usb_put_dev usb_unpoison_urb usleep_range_state
wait_for_completion_timeout warn_slowpath_fmt
""".split())
INSTRUMENTS = ("__asan_", "__kasan_", "__ubsan_", "mn_")  # and the driver's own
# (function, what it calls): why no failure can be had there
EXCEPTIONS = {
    ("mn_device_alloc", "ida_alloc_range"):
        "the first 62 numbers lie in the ida itself, and there are never as many devices",
}
# What the tests have counted: (the property, tests, [(count, least)], how it is told)
COUNTED = (
    ("packets changed at random move nothing that was not to move, and crash nothing",
     ["test_noise"], [("packets changed", 300), ("noisy runs", 150)],
     "{} packets in {} runs"),
    ("any ioctl, number, bytes and address, raises no limit and crashes nothing",
     ["test_ioctls"], [("calls as_root", 20000), ("calls as_nobody", 20000)],
     "{} calls as root, {} as nobody"),
    ("the cable pulled at any moment leaves the needles home, and the next plug treats",
     ["test_unplugs"], [("pulls", 1000)], "{} pulls"),
    ("what is no handpiece is refused, whatever its descriptors say",
     ["test_descriptors"], [("descriptors refused", 80), ("descriptors accepted", 2)],
     "{} devices refused, {} that are right accepted"),
)


def known_sites(path):
    """{(module, function, offset): what is called} where a module asks for memory; complaints."""
    module = os.path.basename(path).removesuffix(".ko").replace("-", "_")
    names = one_name(path)
    outside = externals(path)
    wrong = [f"{module}: does {name} ask for memory? Say so in judge.py"
             for name in sorted(outside - ALLOCATES - QUIET) if not name.startswith(INSTRUMENTS)]
    sites = {(module, names.get(function, function), offset): callee
             for function, offset, callee in calls(path) if callee in ALLOCATES}
    wrong += [f"{module}: nobody was found to call {name}"
              for name in sorted(outside & ALLOCATES - set(sites.values()))]
    return sites, wrong


def missed(sites, hit):
    """Where no failure was injected, and ought to have been."""
    return [site for site, callee in sorted(sites.items())
            if site not in hit and (site[1], callee) not in EXCEPTIONS]


def notices_each(sites, hit):
    """The judge's own check: a site without a failure is missed, whichever it is."""
    return all(site in missed(sites, hit - {site}) for site in sites
               if (site[1], sites[site]) not in EXCEPTIONS)


def load(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as stream:
        return json.load(stream)


def went_wrong(folder):
    """By the name of the tests' file: how many of them failed."""
    failed = {}
    for case in xml.etree.ElementTree.parse(os.path.join(folder, "tests.xml")).iter("testcase"):
        name = case.get("classname").rpartition(".")[2]
        failed.setdefault(name, 0)
        failed[name] += any(part.tag in ("failure", "error", "skipped") for part in case)
    return failed


class Verdict:
    def __init__(self):
        self.passed = self.failed = 0

    def of(self, good, text):
        self.passed += bool(good)
        self.failed += not good
        if not good:
            print(text)


def row(prop, figure, target, failed):
    return {"property": prop, "figure": figure + (f"; {failed} tests failed" if failed else ""),
            "target": target, "command": "make check-fuzz"}


def judge_counts(folder, verdict):
    counts = load(folder, "tally.json")
    failed = went_wrong(folder)
    for prop, files, wanted, text in COUNTED:
        for name, least in wanted:
            verdict.of(counts.get(name, 0) >= least,
                       f"{name}: {counts.get(name, 0)}, and not at least {least}")
        figure = text.format(*(f"{counts.get(name, 0):,}" for name, _ in wanted))
        yield row(prop, figure, "none goes wrong", sum(failed.get(name, 1) for name in files))


def judge_allocations(folder, modules, verdict):
    tallies = {"USB": load(folder, "allocations.json"),
               "GPIO": load(os.path.join(folder, "gpio"), "allocations.json")}
    names = {}
    for path in modules:
        module = os.path.basename(path).removesuffix(".ko").replace("-", "_")
        names[module] = one_name(path)
    hit = {(module, names[module].get(function, function), offset)
           for tally in tallies.values() for module, function, offset, _ in tally["sites"]}
    total = reached = 0
    for path in modules:
        sites, wrong = known_sites(path)
        wrong += [f"{module}: {function}+{offset:#x} calls {sites[module, function, offset]}: "
                  "it never failed there" for module, function, offset in missed(sites, hit)]
        verdict.of(sites and not wrong, "\n".join(wrong))
        verdict.of(notices_each(sites, hit | set(sites)), f"{path}: the judge misses nothing")
        total += sum((site[1], callee) not in EXCEPTIONS for site, callee in sites.items())
        reached += len(hit & set(sites))
    for kind, tally in tallies.items():
        for name, (count, last) in sorted(tally["operations"].items()):
            print(f"{kind:5}{name:28}{last:5} allocations{count:5} failures")
    failures = sum(tally["failures"] for tally in tallies.values())
    failed = [*went_wrong(folder).items(), *went_wrong(os.path.join(folder, "gpio")).items()]
    yield row("an allocation that fails, anywhere in the driver, starts nothing and stops no stop",
              f"{failures:,} failures, at {reached} of {total} calls that ask for memory",
              "each call", sum(count for name, count in failed if "allocations" in name))


def main():
    folder, *modules = sys.argv[1:]
    verdict = Verdict()
    rows = [*judge_counts(folder, verdict), *judge_allocations(folder, modules, verdict)]
    with open(os.path.join(folder, "evidence.json"), "w", encoding="utf-8") as stream:
        json.dump(rows, stream, indent=1)
    for each in rows:
        print(f"{each['property']}: {each['figure']}")
    print(f"{verdict.passed} passed, {verdict.failed} failed")
    return 1 if verdict.failed or not verdict.passed else 0


if __name__ == "__main__":
    sys.exit(main())
