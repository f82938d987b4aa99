# SPDX-License-Identifier: GPL-2.0-or-later
"""The UML lane: the instrumented kernel, a process of the host."""

import shutil

from host import LAB, Machine, tool


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
    command += args.append.split()
    return Machine(command, release)
