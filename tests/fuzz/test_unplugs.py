# SPDX-License-Identifier: GPL-2.0-or-later
"""The cable is pulled a thousand times, at random moments of everything that can be under way."""

import collections
import errno
import os
import threading
import time

import pytest
from chance import chance, seeds
from microneedle import abi
from microneedle.device import Device
from microneedle.wait import until
from tally import add
from test_noise import ACTIONS, attempt, plug

PULLS = 10  # a test
HOME_S = 0.2  # the handpiece's lease and its run-down
DEPTH_UM = 600
OTHERS = [action for action in ACTIONS if action is not plug]


def begin(rig, device, treatment):
    """Ready to be armed: a cartridge that was used before the cable was pulled is spent."""
    rig.press(False)
    device.acquire(treatment)
    device.set_limits(depth_um=DEPTH_UM)
    until("the needles to be home", lambda: device.status().inputs & abi.MN_INPUT_HOME, 1)
    if device.status().state == abi.MN_STATE_FAULT:
        device.clear()
    rig.new_cartridge()
    rig.pass_self_test(device)
    until(lambda: f"nothing in its way: {device.describe()}",
          lambda: not device.status().interlocks, 1)


def gone(device):
    """All that was told can be read, and then that it is gone."""
    try:
        while os.read(device.fd, abi.RECORD.size):
            pass
    except OSError as error:
        return error.errno == errno.ENODEV
    return False


def pull(rig, random, treatment):
    """Treat, do this and that, and lose the handpiece in the middle of it; the state it was in."""
    with Device() as device:
        begin(rig, device, treatment)
        if random.random() < 0.8:
            rig.run(device, made=0, depth_um=random.randrange(200, DEPTH_UM))
        cable = threading.Timer(random.random() * 0.06, rig.hp.unplug)
        cable.start()
        state = None
        while cable.is_alive():
            with Device(flags=os.O_RDONLY) as other:
                state = abi.name_of("STATE", other.status().state)
            if random.random() < 0.1:
                attempt(random.choice(OTHERS), rig, device, random)
            time.sleep(random.random() * 0.01)
        cable.join()
        until("the file to say that it is gone", lambda: gone(device), 1)
        rig.wait_no_node()
    rig.hp.wait_for(lambda state: state["inputs"]["home"], HOME_S)
    rig.hp.plug()
    rig.wait_node()
    return state


@pytest.mark.parametrize("seed", seeds(100))
def test_unplugs(alone, seed):
    random = chance("unplug", seed)
    treatment = random.randbytes(16)
    seen = collections.Counter(pull(alone, random, treatment) for _ in range(PULLS))
    print(dict(seen))
    add("pulls", seen.total())
    assert seen["RUNNING"]
