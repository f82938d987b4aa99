# SPDX-License-Identifier: GPL-2.0-or-later
"""What a real udevd makes of a handpiece: group, mode, link, systemd's tag, the raw node root's."""

import glob
import grp
import os
import stat

from microneedle.applies import usb_only
from microneedle.device import NODE
from microneedle.stack import run
from microneedle.people import GUEST, OPERATOR


def properties(path):
    lines = run("udevadm", "info", "--query=property", f"--name={path}").splitlines()
    return dict(line.split("=", 1) for line in lines)


def raw_node():
    """The usbfs node of the handpiece."""
    for folder in glob.glob("/sys/bus/usb/devices/*/idVendor"):
        folder = os.path.dirname(folder)
        with open(f"{folder}/idVendor", encoding="ascii") as stream:
            if stream.read().strip() != "1209":
                continue
        with open(f"{folder}/busnum", encoding="ascii") as bus, \
                open(f"{folder}/devnum", encoding="ascii") as number:
            return f"/dev/bus/usb/{int(bus.read()):03}/{int(number.read()):03}"
    raise AssertionError("there is no handpiece on the bus")


def assert_node(path, group, mode):
    status = os.stat(path)
    assert stat.S_ISCHR(status.st_mode)
    assert stat.S_IMODE(status.st_mode) == mode, oct(status.st_mode)
    assert (status.st_uid, status.st_gid) == (0, grp.getgrnam(group).gr_gid)


def test_the_device_node_is_the_daemon_s_group_s(rig):
    node = os.path.realpath(NODE)
    assert os.path.basename(node).startswith("microneedle") and os.path.dirname(node) == "/dev"
    assert_node(node, "microneedle", 0o660)
    # The group is the project's own: no other name has its number
    gid = grp.getgrnam("microneedle").gr_gid
    assert [entry.gr_name for entry in grp.getgrall() if entry.gr_gid == gid] == ["microneedle"]
    assert grp.getgrnam("microneedle").gr_mem == []


def test_the_link_by_serial_number_comes_and_goes(rig):
    assert os.readlink(NODE) == "../../" + os.path.basename(os.path.realpath(NODE))
    rig.unplug()
    assert not os.path.lexists(NODE)
    rig.plug()
    assert os.path.exists(NODE)


def test_systemd_is_told(rig):
    said = properties(NODE)
    assert ":systemd:" in said["TAGS"] and said["SYSTEMD_WANTS"] == "microneedled.service"
    assert "uaccess" not in said["TAGS"] and "seat" not in said["TAGS"]


@usb_only("there is no raw node of a bus")
def test_the_raw_node_is_root_s_alone(rig):
    node = raw_node()
    assert_node(node, "root", 0o600)
    said = properties(node)
    assert "uaccess" not in said.get("TAGS", "")
    assert said["ID_MODEL_FROM_DATABASE"] == "Microneedling handpiece"


@usb_only("there is no raw node of a bus")
def test_people_reach_neither_node(rig):
    for person in (OPERATOR, GUEST):
        for node in (NODE, raw_node()):
            run("sh", "-c", f"! cat {node} 2>/dev/null", **person.process())


@usb_only("there is no raw node of a bus")
def test_the_nodes_are_right_again_after_replug_and_change(rig):
    rig.replug()
    run("udevadm", "trigger", "--action=change", "--settle", NODE)
    assert_node(os.path.realpath(NODE), "microneedle", 0o660)
    assert_node(raw_node(), "root", 0o600)


