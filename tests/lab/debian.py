# SPDX-License-Identifier: GPL-2.0-or-later
"""The Debian lane: a stock kernel in QEMU, with the host's root over 9p."""

import os
import subprocess

import redir
from host import CACHE, Machine, tool

# All that such a machine needs; nothing that the person's own QEMU setup adds.
BARE = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
        "-machine", "q35", "-m", "1024"]

# The emulated CPU. Without an instruction for random numbers, the first program
# that wants some would wait a second for them.
CPU = "qemu64,+rdrand"

# The clock counts instructions, one to the nanosecond; idle time is skipped.
COUNTED = ["-smp", "1", "-cpu", CPU, "-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off"]

# For people, where there is no KVM: idle time passes as on a clock, and work takes the time that it is
# counted to take. A busy host then makes the guest slower, not late: a lease does not lapse for it.
PACED = ["-smp", "1", "-cpu", CPU, "-accel", "tcg,thread=single", "-icount", "shift=0,sleep=on"]

# What a boot may leave out. The probes of the last line run for seconds on an
# emulated CPU, and what they prepare is not used here.
QUICK_BOOT = [
    "oops=panic", "panic=-1", "mitigations=off",
    "cryptomgr.notests=1", "initcall_blacklist=bpf_tcp_ca_kfunc_init,"
    "load_system_certificate_list,jent_mod_init,bpf_dummy_struct_ops_init",
]
KERNEL_ARGUMENTS = ["console=ttyS0", *QUICK_BOOT]
# The counted clock's rate is known, so that nothing need be measured: measuring
# the APIC's timer alone would take 2.5 s of the host's time. The HPET does as well.
COUNTED_ARGUMENTS = ["tsc_early_khz=1000000", "tsc=reliable", "nolapic_timer",
                     "mn_counted"]
# A host that lets one emulated CPU wait makes its TSC look unstable to the kernel, which then patches
# its own code while the other CPU runs it. An emulator may serve that one the old code, and a
# breakpoint that is no longer known is an oops.
SMP_ARGUMENTS = ["tsc=reliable"]


def share(tag, path, readonly=False):
    flag = "on" if readonly else "off"
    # A comma in a path is written twice.
    return ["-fsdev", f"local,id={tag},path={path.replace(',', ',,')},security_model=none,"
            f"readonly={flag},multidevs=remap",
            "-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag},ioeventfd=off"]


def start_arguments(kernel, initramfs, arguments):
    return ["-kernel", kernel, "-initrd", initramfs, "-append", " ".join(arguments)]


def kvm_works(kernel, initramfs):
    """Whether KVM really runs a guest here: a /dev/kvm that opens may still not.

    Tried once per boot of the host.
    """
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as stream:
        boot = stream.read().strip()
    record = os.path.join(CACHE, "kvm-probe")
    try:
        with open(record, encoding="ascii") as stream:
            known, answer = stream.read().split()
        if known == boot:
            return answer == "yes"
    except (FileNotFoundError, ValueError):
        pass
    command = BARE + ["-no-reboot", "-accel", "kvm", "-cpu", "host", "-serial", "stdio"]
    command += start_arguments(kernel, initramfs, KERNEL_ARGUMENTS + ["mn_probe"])
    try:
        probe = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, timeout=20, check=False)
        works = b"the probe guest runs" in probe.stdout
    except subprocess.TimeoutExpired:
        works = False
    with open(record + f".{os.getpid()}", "w", encoding="ascii") as stream:
        stream.write(f"{boot} {'yes' if works else 'no'}\n")
    os.replace(stream.name, record)
    return works


def accelerator(args, kernel, initramfs):
    if args.time == "counted":
        return COUNTED + ["-rtc", "clock=vm"], COUNTED_ARGUMENTS
    smp = ["-smp", str(args.cpus)]
    if kvm_works(kernel, initramfs):
        return smp + ["-accel", "kvm", "-cpu", "host"], []
    if args.cpus == 1 and args.redir:
        # What is on its bus has the host's clock, and no time for a guest that is slower
        return smp + ["-cpu", CPU, "-accel", "tcg,thread=single"], []
    if args.cpus == 1:
        return PACED + ["-rtc", "clock=vm"], COUNTED_ARGUMENTS[:-1]
    return smp + ["-cpu", CPU, "-accel", "tcg,thread=multi"], SMP_ARGUMENTS


def prepare(args, control):
    tool("need", "qemu-system-x86", "busybox-static", "udev")
    kernel, release, modules_dir = tool("kernel", args.kernel,
                                        "--path", "--release", "--modules-dir")
    initramfs, = tool("initramfs", args.kernel)

    command = list(BARE)
    machine, arguments = accelerator(args, kernel, initramfs)
    command += machine
    if not args.reboots:
        command += ["-no-reboot"]
    if args.redir:
        command += redir.device(args.redir)
    command += share("root", "/", readonly=True)
    command += share("control", control.path)
    command += share("out", args.out)
    console = os.path.join(args.out, "console.log")
    command += ["-chardev", f"file,id=console,append=on,path={console.replace(',', ',,')}",
                "-serial", "chardev:console"]
    # The doorbell is served at once, by the CPU that rang it: the guest never
    # waits for the host to take its output.
    command += ["-device", "virtio-serial-pci,ioeventfd=off"]
    if args.interactive:
        terminal = control.file("terminal").replace(",", ",,")
        command += ["-chardev", f"socket,id=output,path={terminal},server=on,wait=off",
                    "-device", "virtconsole,chardev=output"]
    else:
        output = control.file("output")
        command += ["-chardev", f"file,id=output,path={output.replace(',', ',,')}",
                    "-device", "virtserialport,chardev=output,name=output"]
    command += start_arguments(kernel, initramfs,
                               KERNEL_ARGUMENTS + arguments + args.append.split())
    transport = "lab" if args.time == "counted" else "virtio"
    return Machine(command, release, modules_dir,
                   p9=f"trans={transport},version=9p2000.L,msize=512000")
