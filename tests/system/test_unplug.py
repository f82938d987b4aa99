# SPDX-License-Identifier: GPL-2.0-or-later
"""The cable is pulled in every state and at every step, with files open; replugged it goes on."""

import errno
import os
import select
import threading
import time

import pytest
from microneedle import abi
from microneedle.applies import usb_only
from microneedle.device import NODE, Device
from microneedle.stack import HandpieceError
from microneedle.wait import refused, until
from test_interlocks import STATES, bring_to, goes_on

pytestmark = usb_only("it has no cable, and its power is the computer's: see test_power.py")


def assert_gone(device):
    """What the file of an unplugged handpiece can still do: read what is left, and be closed."""
    poller = select.poll()
    poller.register(device.fd, select.POLLIN)
    assert poller.poll(1000)[0][1] & select.POLLHUP
    for command in ("GET_INFO", "GET_STATUS", "GET_LIMITS", "STOP", "RELEASE", "HEARTBEAT",
                    "START"):
        with refused(errno.ENODEV):
            device.ioctl(command)
    with refused(errno.ENODEV):
        device.arm()
    with refused(errno.ENODEV):
        device.acquire(heart=False)
    with refused(errno.ENODEV):
        while True:
            data = os.read(device.fd, abi.RECORD.size)
            device.seen.append(abi.Record.from_bytes(data))
    assert not os.path.exists(NODE)


@pytest.mark.parametrize("state", STATES)
def test_unplug_and_replug(rig, state):
    with rig.control() as device:
        bring_to(rig, device, state)
        rig.unplug()
        assert_gone(device)
        states = [record.to for record in device.seen if record.kind == "state"]
        faults = [record.code for record in device.seen if record.kind == "fault"]
        if state == "RUNNING":
            assert states == [abi.MN_STATE_FAULT] and faults == [abi.MN_FAULT_UNPLUGGED]
            # Cut off, it stopped by its own lease
            after = rig.hp.wait_for(lambda state: state["inputs"]["home"], 1)
            lease = rig.hp.stats()["lease"]
            assert "lease" in after["faults"]
            assert lease["expired_ns"] - lease["renewed_ns"] < 105000000
        else:
            assert states == ([abi.MN_STATE_SAFE] if state == "ARMED" else []) and faults == []
    rig.press(False)
    rig.plug()
    with rig.control() as device:
        if state == "RUNNING":
            status = device.assert_state("FAULT")
            assert status.faults == abi.bit("UNPLUGGED") | abi.bit("HANDPIECE_LEASE")
            assert status.fault == abi.MN_FAULT_UNPLUGGED
            with refused(errno.EBADFD):
                device.arm()
            # The cartridge was out of sight: it is spent
            rig.new_cartridge()
            goes_on(rig, device)
        else:
            assert device.assert_state("SAFE").faults == 0
            spent = device.status().cartridge_flags & abi.MN_CARTRIDGE_SPENT
            assert bool(spent) == (state == "ARMED")
            rig.new_cartridge()
            device.arm()


def test_unplug_inside_a_blocked_read(rig):
    """The reader comes back with -ENODEV, and nothing waits for it."""
    fd = os.open(NODE, os.O_RDONLY)
    result = []

    def read():
        try:
            while True:
                result.append(os.read(fd, abi.RECORD.size * 8))
        except OSError as error:
            result.append(error.errno)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    time.sleep(0.05)
    assert reader.is_alive()
    started = time.monotonic()
    rig.unplug()
    reader.join(1)
    assert not reader.is_alive() and result[-1] == errno.ENODEV
    assert time.monotonic() - started < 1
    os.close(fd)
    rig.plug()


def test_unplug_inside_a_poll(rig):
    with Device(flags=os.O_RDONLY) as device:
        poller = select.poll()
        poller.register(device.fd, select.POLLPRI)
        timer = threading.Timer(0.05, rig.hp.unplug)
        timer.start()
        assert poller.poll(2000)[0][1] & select.POLLHUP
        timer.join()
    rig.wait_no_node()
    rig.plug()


def test_unplug_many_times_with_files_left_open(rig):
    """Each open file is of its own handpiece, and none of them is in the next one's way."""
    files = []
    for _ in range(4):
        files.append(Device(flags=os.O_RDONLY))
        rig.unplug()
        with refused(errno.ENODEV):
            files[-1].status()
        rig.plug()
    with Device(flags=os.O_RDONLY) as now:
        now.assert_state("SAFE")
    for device in files:
        with refused(errno.ENODEV):
            device.status()
        device.close()


@pytest.mark.parametrize("step", ("mark", "start", "stop", "running"))
def test_the_cable_is_pulled_in_the_middle_of(rig, step):
    shot = rig.hp.inject("disconnect_at", step=step)
    with rig.control() as device:
        try:
            device.arm()
            time.sleep(0.11)
            rig.press()
            if step == "stop":
                device.wait_state("RUNNING")
                device.wait_strokes(2)
            until("it to go or to run", lambda: not os.path.exists(NODE) or
                  device.status().state == abi.MN_STATE_RUNNING)
            if step == "stop":
                device.stop()
        except OSError as error:
            # The unplug is a stop, too
            assert error.errno in (errno.ENODEV, errno.ECANCELED)
        shot.wait()
        rig.wait_no_node()
        with refused(errno.ENODEV):
            device.status()
    rig.press(False)
    rig.hp.wait_for(lambda state: state["inputs"]["home"], 1)
    rig.hp.clear_injections()
    rig.plug()
    with rig.control() as device:
        device.assert_state("FAULT" if step in ("start", "running") else
                            abi.name_of("STATE", device.status().state))
        rig.new_cartridge()
        if device.status().faults:
            device.clear()
        rig.run(device, 2)


def test_the_cable_is_pulled_while_it_identifies_itself(rig):
    rig.unplug()
    shot = rig.hp.inject("disconnect_at", step="identify")
    rig.hp.plug()
    shot.wait(3000)
    time.sleep(0.3)
    assert not os.path.exists(NODE)
    with pytest.raises(HandpieceError):
        rig.hp.unplug()  # it is off the bus by itself
    rig.plug()
    with rig.control() as device:
        device.arm()


def test_a_stop_that_a_newer_one_overtakes_when_it_comes_back(rig):
    """Its own fault has the driver stop it once more, on the shorter way, before the first is decided.

    tests/smp found that such a handpiece was given up.
    """
    with rig.control() as device:
        bring_to(rig, device, "RUNNING")
        rig.unplug()
    rig.hp.wait_for(lambda state: "lease" in state["faults"] and state["inputs"]["home"], 1)
    rig.press(False)
    shot = rig.hp.inject("late_stop", ms=20)
    rig.plug()
    shot.wait(0)
    with rig.control() as device:
        assert device.assert_state("FAULT").epoch == rig.hp.state()["epoch"]
        rig.new_cartridge()
        goes_on(rig, device)


@pytest.mark.parametrize("state", STATES)
def test_brown_out_with_the_cable_in(rig, state):
    """It restarts and forgets: what was armed or ran is a fault; no start before a stop."""
    with rig.control() as device:
        bring_to(rig, device, state)
        boot = rig.hp.state()["boot_id"]
        rig.hp.power_cycle()
        assert rig.hp.state()["boot_id"] != boot
        if state == "SAFE":
            until("a stop to reach it", lambda: rig.hp.state()["stop_seen"])
            assert device.assert_state("SAFE").faults == 0
        else:
            device.wait_fault("HANDPIECE_RESTART")
            until("a stop to reach it", lambda: rig.hp.state()["stop_seen"])
        rig.press(False)
        rig.still()
        assert rig.hp.state()["epoch"] == device.status().epoch
        rig.new_cartridge()
        if state == "SAFE":
            rig.run(device, 2)
        else:
            goes_on(rig, device)


def test_brown_out_with_the_bus_lost(rig):
    with rig.control() as device:
        bring_to(rig, device, "RUNNING")
        rig.hp.power_cycle(disconnect_ms=200)
        rig.wait_no_node()
        with refused(errno.ENODEV):
            device.status()
    rig.press(False)
    rig.wait_node()
    with rig.control() as device:
        status = device.assert_state("FAULT")
        assert status.faults == abi.bit("UNPLUGGED") | abi.bit("HANDPIECE_RESTART")
        rig.new_cartridge()
        goes_on(rig, device)


def test_killed_handpiece(rig):
    """Power and cable at once."""
    with rig.control() as device:
        bring_to(rig, device, "RUNNING")
        rig.hp.kill()
        rig.hp = None
        rig.wait_no_node()
        with refused(errno.ENODEV):
            device.status()
    rig.start_handpiece()
    with rig.control() as device:
        assert device.assert_state("FAULT").fault == abi.MN_FAULT_UNPLUGGED
        device.clear()
