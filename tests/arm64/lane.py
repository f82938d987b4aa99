# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the arm64 machine and count what it told: lane.py FOLDER KERNEL

FOLDER has initramfs and board.dtbo. The machine's own device tree is asked of QEMU, and the board
is applied to it as a boot loader would.
"""

import os
import re
import subprocess
import sys
import tempfile

CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(CHECKOUT, "tests", "lab"))

import debian  # noqa: E402
import guest  # noqa: E402
import splats  # noqa: E402
from host import Machine  # noqa: E402

# The clock counts instructions, one to the nanosecond, as in the Debian lane: a slow host makes no
# lease lapse.
QEMU = ["qemu-system-aarch64", "-nodefaults", "-no-user-config", "-display", "none", "-m", "512",
        "-smp", "1", "-cpu", "cortex-a72", "-accel", "tcg,thread=single",
        "-icount", "shift=0,sleep=off", "-no-reboot"]
TIMEOUT = 420
TOLD = re.compile(r"arm64: (ok|not ok): (.*)")


def device_tree(folder):
    """The machine's tree with the board in it."""
    its_own, whole = (os.path.join(folder, name) for name in ("virt.dtb", "machine.dtb"))
    subprocess.run([*QEMU, "-machine", f"virt,dumpdtb={its_own}"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    subprocess.run(["fdtoverlay", "-i", its_own, "-o", whole,
                    os.path.join(folder, "board.dtbo")], check=True)
    return whole


def run(folder, kernel):
    """The console's log, and whether the machine had to be ended from here."""
    console = os.path.join(folder, "console.log")
    escaped = console.replace(",", ",,")
    command = [*QEMU, "-machine", "virt", "-dtb", device_tree(folder),
               "-chardev", f"file,id=console,append=on,path={escaped}",
               "-serial", "chardev:console",
               *debian.start_arguments(
                   kernel, os.path.join(folder, "initramfs"),
                   ["console=ttyAMA0", "printk.devkmsg=on", *debian.QUICK_BOOT])]
    with tempfile.TemporaryDirectory(prefix="mn-arm64.", dir=guest.control_parent()) as directory:
        control = guest.Control(os.path.join(directory, "control"))
        killed = Machine(command, "").run(control, console, TIMEOUT)
    with open(console, encoding="utf-8", errors="replace") as stream:
        return stream.read(), killed


def main():
    folder, kernel = sys.argv[1:]
    log, killed = run(folder, kernel)
    told = TOLD.findall(log)
    for verdict, what in told:
        print(f"{verdict}: {what}")
    problems = [f"the kernel complained: {splat.title}" for splat in splats.find(log)]
    if killed:
        problems.append(f"the machine was ended after {TIMEOUT} s")
    elif "arm64: end" not in log:
        problems.append("it ended before its steps did; its last words:\n" +
                        "\n".join(log.splitlines()[-15:]))
    for problem in problems:
        print(f"not ok: {problem}")
    passed = sum(verdict == "ok" for verdict, _ in told)
    failed = len(told) - passed + len(problems)
    if failed:
        print(f"the kernel's log is {os.path.join(folder, 'console.log')}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
