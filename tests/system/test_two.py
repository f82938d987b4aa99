# SPDX-License-Identifier: GPL-2.0-or-later
"""Two handpieces at one workstation: each is itself."""

import errno
import os

import pytest
from microneedle import abi, stack
from microneedle.applies import usb_only
from microneedle.device import Device
from microneedle.people import GUEST, OPERATOR
from microneedle.rpc import Client
from microneedle.treat import PLAN, open_session
from microneedle.wait import refused, until

pytestmark = usb_only("the lab's board has one handpiece")

SECOND = "MN-SIM-0002"
LINK = f"/dev/microneedle/by-serial/{SECOND}"


@pytest.fixture
def second(served):
    handpiece = stack.Handpiece(SECOND, udc="dummy_udc.1", foot_switch=False,
                                trace=os.path.join(stack.OUT, "second.jsonl"))
    handpiece.start()
    until("the second handpiece", lambda: os.path.exists(LINK), 5)
    # A cartridge that no test before has used
    handpiece.remove()
    uid = int(handpiece.insert(uid=served.new_uid()), 16)
    with Device(LINK) as device:
        until("it to be read", lambda: device.status().cartridge_uid == uid)
    yield handpiece
    handpiece.stop()
    until("it to go", lambda: not os.path.lexists(LINK), 5)


def test_each_has_its_node_its_controller_and_its_state(served, second):
    with Device() as first, Device(LINK) as other:
        assert other.info().serial.rstrip(b"\0").decode() == SECOND
        assert other.info().has_trigger == 0
        first.acquire()
        other.acquire()
        for device in (first, other):
            device.set_limits()
            device.arm()
        # Without a foot switch a START starts, and without one it can be started again
        other.ioctl("START")
        other.wait_state("RUNNING", cause=abi.MN_CAUSE_START)
        other.wait_strokes(3)
        first.assert_state("ARMED")
        with refused(errno.EBADFD):
            other.ioctl("START")
        second.set("emergency_stop", True)
        other.wait_fault("EMERGENCY_STOP")
        first.assert_state("ARMED")
        second.set("emergency_stop", False)
        until("the release to be told",
              lambda: not other.status().inputs & abi.MN_INPUT_EMERGENCY_STOP)
        other.clear()


def test_calls_name_the_handpiece_and_a_stop_without_a_name_stops_all(served, second):
    with Client(OPERATOR) as client:
        devices = until("both", lambda: len(client.call("device.list")["devices"]) == 2 and
                        client.call("device.list")["devices"])
        names = sorted(entry["device"] for entry in devices)
        error = client.refused("invalid_params", "device.status")
        assert error.data["param"] == "device" and sorted(error.data["devices"]) == names
        client.refused("invalid_params", "session.open", **PLAN)
        sessions = [open_session(client, device=name) for name in names]
        for session in sessions:
            armed = client.call("session.arm", session=session)
            if armed["trigger"] == "start":
                assert client.call("session.start", session=session)
        client.refused("unsupported", "session.start", session=next(
            session for session in sessions
            if client.call("session.status", session=session)["trigger"] == "foot_switch"))
        with Client(GUEST, hello=False) as guest:
            stopped = guest.call("device.stop")["stopped"]
        assert sorted(stopped) == names
        states = {client.call("device.status", device=name)["state"] for name in names}
        assert states == {"safe"}
        for session in sessions:
            client.call("session.end", session=session)
