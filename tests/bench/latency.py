#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""In the guest: from what must stop the needles to STOP on the wire, as the handpiece stamps it.

Each cause is tried at moments spread over the bus's frame. latency.json gets, for each cause, where
it is and the samples: ns from the cause to the driver's decision (the stamp of its own record), and
from the cause to the arrival of STOP on the kill endpoint.
"""

import json
import os
import subprocess
import sys
import time

import station
from microneedle import abi, stack
from microneedle.device import Device
from microneedle.wait import until

MS = 1000000
# In virtual time a sample costs little
PHASES_US = range(0, 125, 5 if os.environ["MN_TIME"] == "virtual" else 16)
CAUSES = {}
REQUEST = "stop request on the socket"


def cause(name, where, state="FAULT"):
    """A way to stop: told by the handpiece, or by this host; the state that follows."""
    def note(function):
        CAUSES[name] = (function, where, abi.CONSTANTS[f"MN_STATE_{state}"])
        return function
    return note


def act(phase_us, what, fd, *text):
    """Starts the small program that reads the clock and acts; its stamp comes with stamp()."""
    return subprocess.Popen(
        [os.path.join(station.TOOLS, "act"), str(phase_us), what, str(fd), *text],
        pass_fds=(fd,), stdout=subprocess.PIPE)


def stamp(process):
    """The clock just before the act, ns."""
    out, _ = process.communicate(timeout=10)
    if process.returncode:
        sys.exit(f"act ended with status {process.returncode}")
    return int(out)


def at_phase(phase_us):
    now = time.monotonic_ns()
    moment = (now // MS + 2) * MS + phase_us * 1000
    time.sleep((moment - now) / 1e9)


# ---- told by the handpiece: the clock is its own when it happens ----

@cause("over-depth stroke", "handpiece")
def over_depth(rig, _, phase_us):
    # The handpiece's own check is off: it is the driver that stops it
    at_phase(phase_us)
    rig.hp.inject("overshoot", um=400, own=False).wait()
    return rig.hp.stats()["over_depth"]["queued_ns"]


@cause("emergency stop", "handpiece")
def emergency_stop(rig, _, phase_us):
    at_phase(phase_us)
    return rig.hp.set("emergency_stop", True)["mono_ns"]


@cause("foot switch released", "handpiece", "ARMED")
def foot_switch(rig, _, phase_us):
    at_phase(phase_us)
    return rig.hp.set("foot_switch", False)["mono_ns"]


@cause("cartridge pulled", "handpiece")
def cartridge(rig, _, phase_us):
    at_phase(phase_us)
    return rig.hp.remove()["mono_ns"]


# ---- of this host ----

@cause("software lease expired", "host")
def lease(_, device, phase_us):
    device.stop_heart()
    return stamp(act(phase_us, "renew", device.fd)) + device.status().lease_ms * MS


@cause("controlling file closed", "host")
def close(_, device, phase_us):
    device.stop_heart()
    process = act(phase_us, "close", device.fd)
    # The act has a copy: its close is the last
    os.close(device.fd)
    device.fd = -1
    return stamp(process)


@cause("stop ioctl", "host", "SAFE")
def stop(_, device, phase_us):
    return stamp(act(phase_us, "stop", device.fd))


# ---- one sample ----

def measure(rig, state, do):
    """Do it while running; ns to the decision and to STOP."""
    with Device(flags=os.O_RDONLY) as watcher:
        watcher.forget()
        begin = do()
        record = watcher.wait("state", 2, to=state)
    stats = until("the handpiece to have the STOP",
                  lambda: has_epoch(rig.hp.stats(), record.epoch), 1)
    if stats["kill"]["strokes_after"]:
        sys.exit(f"{stats['kill']['strokes_after']} strokes begun after STOP arrived")
    # A stroke that is still to end must not be told of the next cartridge
    rig.hp.wait_for(lambda state: state["inputs"]["home"], 1)
    return [record.mono_ns - begin, stats["kill"]["received_ns"] - begin]


def has_epoch(stats, epoch):
    return stats if stats["kill"] and stats["kill"]["epoch"] == epoch else None


def by_ourselves(rig, name):
    function, _, state = CAUSES[name]
    samples = []
    for phase_us in PHASES_US:
        rig.refresh()
        with rig.control(lease_ms=300) as device:
            rig.run(device, 20)
            samples.append(measure(rig, state, lambda: function(rig, device, phase_us)))
    return samples


def by_the_daemon(rig):
    """A client's stop request: through the socket, the daemon and its ioctl."""
    samples = []
    rig.refresh()
    with station.session(rig) as (client, uuid):
        for number, phase_us in enumerate(PHASES_US):
            station.run_session(rig, client, uuid)
            name = f"stop-{number}"
            line = json.dumps({"jsonrpc": "2.0", "id": name, "method": "device.stop"}) + "\n"
            samples.append(measure(rig, abi.MN_STATE_SAFE, lambda: stamp(
                act(phase_us, "send", client.sock.fileno(), line))))
            client.answer(name)
    return samples


def main():
    found = {}
    with station.workstation() as rig:
        # What happens for the first time loads code: that is in no figure
        by_ourselves(rig, "stop ioctl")
        # The daemon's first, while it is the one that was started with the workstation
        found[REQUEST] = {"where": "host", "samples": by_the_daemon(rig)}
        rig.daemon.stop()
        for name, (_, where, _) in CAUSES.items():
            found[name] = {"where": where, "samples": by_ourselves(rig, name)}
    found = {name: found[name] for name in [*CAUSES, REQUEST]}
    with open(os.path.join(stack.OUT, "latency.json"), "w", encoding="ascii") as stream:
        json.dump({"time": os.environ["MN_TIME"], "kernel": os.environ["MN_KERNEL"],
                   "causes": found}, stream, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
