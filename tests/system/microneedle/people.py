# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is at the workstation. Roles come from credentials: each connects as itself."""

import grp
import os
import pwd
import socket


class Person:
    def __init__(self, name, uid, group=None):
        self.name = name
        self.uid = uid
        self.group = group

    def connect(self, path):
        """A stream socket whose peer credentials are this person's.

        The kernel takes them at connect(), and the real user id stays root's: so the effective ids
        are this person's for just that call.
        """
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        if self.uid == 0:
            sock.connect(path)
            return sock
        groups = os.getgroups()
        os.setgroups(self.gids())
        os.setegid(self.gid())
        os.seteuid(self.uid)
        try:
            sock.connect(path)
        finally:
            os.seteuid(0)
            os.setegid(0)
            os.setgroups(groups)
        return sock

    def gid(self):
        return pwd.getpwnam(self.name).pw_gid

    def gids(self):
        gids = [self.gid()]
        if self.group:
            gids.append(grp.getgrnam(self.group).gr_gid)
        return gids

    def process(self):
        """Keywords for subprocess: the program runs as this person, freshly logged in."""
        if self.uid == 0:
            return {}
        return {"user": self.uid, "group": self.gid(), "extra_groups": self.gids()}


ROOT = Person("root", 0)
OPERATOR = Person("mnop", 61990, "mn-operator")
COLLEAGUE = Person("mncolleague", 61991, "mn-operator")
SERVICE = Person("mnservice", 61992, "mn-service")
AUDITOR = Person("mnaudit", 61993, "mn-audit")
GUEST = Person("mnguest", 61994)
EVERYBODY = (OPERATOR, COLLEAGUE, SERVICE, AUDITOR, GUEST)


def make_accounts():
    """Accounts as an administrator would have made them; the guest's /etc is its own."""
    known = {entry.pw_name for entry in pwd.getpwall()}
    for person in EVERYBODY:
        if person.name in known:
            continue
        with open("/etc/passwd", "a", encoding="ascii") as stream:
            stream.write(f"{person.name}:x:{person.uid}:{person.uid}::/tmp:/bin/sh\n")
        with open("/etc/group", "a", encoding="ascii") as stream:
            stream.write(f"{person.name}:x:{person.uid}:\n")
        if person.group:
            _join(person.name, person.group)


def _join(name, group):
    with open("/etc/group", encoding="ascii") as stream:
        lines = stream.read().splitlines()
    for at, line in enumerate(lines):
        if line.startswith(f"{group}:"):
            lines[at] = f"{line}{'' if line.endswith(':') else ','}{name}"
            break
    else:
        raise AssertionError(f"there is no group {group}: is udev/ missing its sysusers file?")
    with open("/etc/group", "w", encoding="ascii") as stream:
        stream.write("\n".join(lines) + "\n")
