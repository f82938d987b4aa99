# SPDX-License-Identifier: GPL-2.0-or-later
"""What must not grow: the kernel's memory, the driver's users, the daemon's memory and files."""

import os
import time

from judge import Wrong

# A page cache of SQLite's for each of the daemon's two connections fills up in the course of time
DAEMON_KIB = 5120
KERNEL_KIB = 2048
WARM_S = 60


def fields(path):
    with open(path, encoding="ascii") as stream:
        return {line.split(":")[0]: line.split(":")[1].split() for line in stream if ":" in line}


class Growth:
    """Looked at in quiet moments, which are all alike."""

    def __init__(self):
        self.points = []

    def look(self, pid):
        with open("/sys/module/microneedle/refcnt", encoding="ascii") as stream:
            users = int(stream.read())
        status = fields(f"/proc/{pid}/status")
        self.points.append({
            "at": time.monotonic(), "pid": pid, "users": users,
            "files": len(os.listdir(f"/proc/{pid}/fd")),
            "threads": int(status["Threads"][0]),
            "daemon_kib": int(status["RssAnon"][0]),
            "kernel_kib": int(fields("/proc/meminfo")["SUnreclaim"][0]),
        })
        self.check()

    def check(self):
        now = self.points[-1]
        first = self.points[0]
        if now["users"] != first["users"]:
            raise Wrong(f"the driver has {now['users']} users, at first it had {first['users']}")
        for what in ("files", "threads"):
            # The first of its life: what it opens once may not be open yet
            lives = [point for point in self.points if point["pid"] == now["pid"]][1:]
            if lives and now[what] != lives[0][what]:
                raise Wrong(f"the daemon has {now[what]} {what}, and had {lives[0][what]}")
            if lives and now["daemon_kib"] > lives[0]["daemon_kib"] + DAEMON_KIB:
                raise Wrong(f"the daemon grew from {lives[0]['daemon_kib']} to "
                            f"{now['daemon_kib']} KiB")
        warm = next((point for point in self.points if point["at"] >= WARM_S), None)
        if warm and now["kernel_kib"] > warm["kernel_kib"] + KERNEL_KIB:
            raise Wrong(f"the kernel's memory grew from {warm['kernel_kib']} to "
                        f"{now['kernel_kib']} KiB")
