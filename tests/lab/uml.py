# SPDX-License-Identifier: GPL-2.0-or-later
"""The UML lane: the instrumented kernel, a process of the host."""

import os
import shutil
import subprocess

from host import LAB, LabError, Machine, tool


def device_tree(source, control):
    """What the kernel reads: the tree itself, or what its source compiles to without a word."""
    if not source.endswith(".dts"):
        return os.path.abspath(source)
    tool("need", "device-tree-compiler")
    compiled = control.file("tree.dtb")
    dtc = subprocess.run(["dtc", "-I", "dts", "-O", "dtb", "-o", compiled, source],
                         stderr=subprocess.PIPE, text=True, check=False)
    if dtc.returncode or dtc.stderr:
        raise LabError(f"the device tree does not compile cleanly:\n{dtc.stderr.rstrip()}")
    return compiled


def prepare(args, control):
    tool("need", "busybox-static", "udev")
    kernel, release = tool("kernel", "uml", "--path", "--release")
    # Started from the control directory, it finds its settings beside it.
    shutil.copy(f"{LAB}/guest/uml-init", control.file("init"))
    command = [
        kernel, "mem=512M",
        "rootfstype=hostfs", "rootflags=/", "ro", f"init={control.file('init')}",
        # The console is for the kernel alone, and only listens.
        "con=null", "con0=null,fd:1",
        f"uml_dir={control.path}", "umid=uml",
        "oops=panic", "panic=-1",
    ]
    if args.time == "virtual":
        command.append("time-travel=inf-cpu")
    if args.dtb:
        command.append(f"dtb={device_tree(args.dtb, control)}")
    command += args.append.split()
    return Machine(command, release)
