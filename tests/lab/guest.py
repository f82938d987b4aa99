# SPDX-License-Identifier: GPL-2.0-or-later
"""What the guest is told, and where it answers: the control directory."""

import os
import shlex
import shutil
import subprocess
import sys

from host import CHECKOUT, LAB

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def control_parent():
    """Memory, if there is some: each write of the guest's output ends with an fsync."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class Control:
    """Shared with the guest as /run/lab.

    From here: settings, command, hwdb.bin. From there: started, output,
    ended (the budget passed), status.
    """

    def __init__(self, path):
        self.path = path
        os.mkdir(path, 0o755)

    def file(self, name):
        return os.path.join(self.path, name)

    def has(self, name):
        return os.path.exists(self.file(name))

    def read(self, name):
        with open(self.file(name), encoding="utf-8") as stream:
            return stream.read()

    def write(self, name, text):
        with open(self.file(name), "w", encoding="utf-8") as stream:
            stream.write(text)

    def write_settings(self, args, machine):
        """Two files of shell: what guest/init must know, and what it runs."""
        settings = {
            "MN_LANE": args.lane,
            "MN_TIME": args.time,
            "MN_OUT": args.out,
            "LAB": LAB,
            "CHECKOUT": CHECKOUT,
            "CWD": os.getcwd(),
            "BUDGET": f"{args.budget:g}" if args.time != "real" else "",
            "UDEV": "" if args.no_udev else "1",
            "P9": machine.p9,
            "RELEASE": machine.release,
            "MODULES_DIR": machine.modules_dir,
            "INTERACTIVE": "1" if args.interactive else "",
        }
        self.write("settings", assignments(settings))

        kernel = args.kernel if args.lane == "debian" else "6.12"
        build = os.path.join(CHECKOUT, "build")
        environment = {
            "PATH": PATH,
            "HOME": "/root",
            "USER": "root",
            "LOGNAME": "root",
            "LANG": "C.UTF-8",
            "TERM": os.environ.get("TERM", "dumb") if args.interactive else "dumb",
            "MN_LANE": args.lane,
            "MN_TIME": args.time,
            "MN_KERNEL": machine.release,
            "MN_OUT": args.out,
            "MN_MODULES": os.path.join(build, "modules", f"{args.lane}-{kernel}"),
            "MN_BUILD": build,
        }
        environment.update(setting.split("=", 1) if "=" in setting else (setting, "")
                           for setting in args.env)
        script = assignments(environment, "export ")
        if args.interactive:
            script += f"stty sane {terminal_size()}\n"
        script += f"cd {shlex.quote(os.getcwd())} || exit 122\n{shlex.join(args.command)}\n"
        self.write("command", script)
        self.compile_hwdb()

    def compile_hwdb(self):
        """The project's hardware database alone: the whole one takes a guest too long."""
        folder = os.path.join(CHECKOUT, "udev")
        entries = [name for name in (os.listdir(folder) if os.path.isdir(folder) else ())
                   if name.endswith(".hwdb")]
        if not entries:
            return
        root = self.file("hwdb")
        os.makedirs(os.path.join(root, "etc/udev/hwdb.d"))
        for name in entries:
            shutil.copy(os.path.join(folder, name), os.path.join(root, "etc/udev/hwdb.d"))
        subprocess.run(["systemd-hwdb", f"--root={root}", "--strict", "update"], check=True)
        os.rename(os.path.join(root, "etc/udev/hwdb.bin"), self.file("hwdb.bin"))


def assignments(variables, prefix=""):
    return "".join(f"{prefix}{name}={shlex.quote(value)}\n" for name, value in variables.items())


def terminal_size():
    size = shutil.get_terminal_size() if sys.stdin.isatty() else os.terminal_size((80, 24))
    return f"rows {size.lines} cols {size.columns}"
