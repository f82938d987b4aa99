# SPDX-License-Identifier: GPL-2.0-or-later
"""Play one fault in one state: bring the device there, break something, and take the time."""

import contextlib
import errno
import json
import os
import time

import host
from microneedle import abi
from microneedle.device import Device
from microneedle.stack import HandpieceError
from microneedle.wait import until
from transport import MS, OFF_ALREADY, US, WIRE

STATES = ("SAFE", "ARMED", "RUNNING", "STARTING", "STOPPING")
MOVING = ("RUNNING", "STARTING", "STOPPING")


class Trace:
    """What the handpiece wrote down since the last look."""

    def __init__(self, handpiece):
        self.handpiece = handpiece
        handpiece.mark_stamp("play")
        self.stream = open(handpiece.trace, encoding="utf-8")
        self.stream.seek(0, os.SEEK_END)
        self.events = []
        self.rest = ""

    def read(self, *names):
        with contextlib.suppress(HandpieceError, OSError, AttributeError):
            self.handpiece.mark_stamp("read")
        # The last line may be half written
        *lines, self.rest = (self.rest + self.stream.read()).split("\n")
        self.events += [json.loads(line) for line in lines]
        return [event for event in self.events if event["ev"] in names]

    def close(self):
        self.stream.close()


class Play:
    """One row of the table in one state."""

    def __init__(self, rig, row, state):
        self.rig = rig
        self.hp = rig.hp
        self.row = row
        self.state = state
        self.want = row.states[state]
        self.watch = None
        self.ctl = None
        self.trace = None
        self.began = 0
        self.result = {"row": row.name, "state": state}

    # ---- the whole of it ----

    def run(self):
        self.rig.refresh()
        self.hp = self.rig.hp
        self.trace = Trace(self.hp)
        try:
            self.watch = Device(flags=os.O_RDONLY)
            self.ctl = (host.Program if self.row.program else host.Controller)()
            self.bring()
            self.break_and_see()
            self.works_again()
        finally:
            if self.ctl:
                self.ctl.end()
            Device.close_all()
            host.set_date_back()
            host.bind()
            self.trace.close()
        return self.result

    def bring(self):
        if self.state == "ARMED":
            self.ctl.arm()
        elif self.state == "STARTING":
            WIRE.hold_start(self)
            self.ctl.arm()
            time.sleep(0.11)
            began = WIRE.before_start(self)
            self.rig.press()
            until("START to be under way", lambda: WIRE.start_began(self, began), 1, 0.001)
        elif self.state in MOVING:
            self.go()
        if self.state == "STOPPING":
            # In the first half of a stroke, so that its report is still to come
            time.sleep(0.0065)
            self.watch.stop()
            time.sleep(0.0005)
        elif self.state != "STARTING":
            time.sleep(0.001)
        self.watch.forget()

    def go(self):
        """From SAFE or ARMED to RUNNING and on for three strokes."""
        self.ready_to_arm()
        if self.watch.status().state == abi.MN_STATE_SAFE:
            self.ctl.arm()
        time.sleep(0.11)
        self.watch.forget()
        self.rig.press()
        self.watch.wait_state("RUNNING")
        self.watch.wait_strokes(3)

    def ready_to_arm(self):
        if self.hp.state()["inputs"]["foot_switch"] and (
                self.watch.status().state != abi.MN_STATE_RUNNING):
            self.rig.press(False)
        until("home and the foot switch released to be told", lambda: not (
            self.watch.status().interlocks &
            (abi.MN_INTERLOCK_TRIGGER | abi.MN_INTERLOCK_NOT_HOME)), 1, 0.002)

    def break_and_see(self):
        want = self.want
        self.began = time.monotonic_ns()
        effect = self.row.inject(self)
        if want.kind == "either":
            time.sleep(0.06)
            want = want.now if effect.took_effect() else want.later
            self.result["late"] = want.kind == "later"
        if want.kind == "later":
            self.nothing_yet()
            self.start_treating()
        elif want.kind == "replug":
            self.nothing_yet()
            self.replug()
        if self.row.act and (want.act or want.kind == "later"):
            self.row.act(self)
        elif want.act:
            want.act(self)
        if want.code:
            self.see_fault(want, effect)
        else:
            self.see_none(want, effect)

    def nothing_yet(self):
        """It is not yet in anybody's way, and the device is not in the way of anything."""
        time.sleep(0.02)
        assert not self.faults(), f"a fault before anything happened: {self.watch.describe()}"

    def start_treating(self):
        """Whatever waits takes effect in this run; the run need not come to anything."""
        self.ready_to_arm()
        if self.watch.status().state == abi.MN_STATE_SAFE:
            self.ctl.arm()
        time.sleep(0.11)
        self.watch.forget()
        self.began = time.monotonic_ns()
        self.rig.press()
        if self.row.act:
            self.watch.wait_state("RUNNING")
            self.watch.wait_strokes(2)

    def replug(self):
        self.watch.stop()
        self.hp.wait_for(lambda state: state["inputs"]["home"], 1)
        self.rig.press(False)
        self.rig.unplug()
        self.began = time.monotonic_ns()
        self.hp.plug()
        time.sleep(0.5)

    # ---- what is to be seen ----

    def drain(self):
        with contextlib.suppress(OSError):
            self.watch.read()
        return self.watch.seen

    def faults(self):
        return [record for record in self.drain() if record.kind == "fault"]

    def see_fault(self, want, effect):
        code = abi.CONSTANTS[f"MN_FAULT_{want.code}"]
        bound = want.bound_ms or self.row.bound_ms
        until(lambda: f"{want.code}; got {[abi.name_of('FAULT', f.code) for f in self.faults()]}",
              self.faults, bound / 1000 + 0.4, 0.002)
        # Asked sooner it would put its stamps later
        time.sleep(0.001)
        stamp = effect.wait()
        faults = self.faults()
        # One packet may show several, which are told at one time; the status says which was first
        first = [record for record in faults if record.mono_ns == faults[0].mono_ns]
        record = next((record for record in first if record.code == code), None)
        assert record, (f"{[abi.name_of('FAULT', f.code) for f in first]} latched first, "
                        f"not {want.code}")
        if self.gone():
            self.result["detected_ns"] = max(record.mono_ns - stamp, 0)
        else:
            status = self.watch.status()
            assert status.state == abi.MN_STATE_FAULT and status.faults >> code & 1
            assert (status.depth_um, status.rate_mhz) == (0, 0)
            assert status.fault == code, abi.name_of("FAULT", status.fault)
            self.result["detected_ns"] = max(record.mono_ns - stamp, 0)
            self.ctl.refused_to_arm()
        assert self.result["detected_ns"] <= bound * MS, (
            f"detected after {self.result['detected_ns'] / MS:.3f} ms, not {bound} ms")
        self.see_stop(record.mono_ns, stamp, want)

    def see_none(self, want, effect):
        """Rightly no fault: where it says so, a stop; and what it says is in the way is."""
        if want.to:
            stopped = until(lambda: f"{want.to} for {want.cause}; got {self.drain()[-4:]}",
                            lambda: self.stopped(want), 1, 0.002)
            # Asked sooner it would put its stamps later
            time.sleep(0.001)
            stamp = effect.wait()
            bound = want.bound_ms or self.row.bound_ms
            # Where nothing is to be noticed, somebody else stopped it
            if bound:
                self.result["detected_ns"] = max(stopped.mono_ns - stamp, 0)
                assert self.result["detected_ns"] <= bound * MS, self.result
            self.see_stop(stopped.mono_ns, stamp, want)
        else:
            time.sleep(0.05)
            effect.wait()
            if want.stays:
                assert self.watch.assert_state(want.stays)
        if want.refusal is not None:
            assert want.refusal(self), "nothing keeps it from being armed"
        assert not self.faults(), [abi.name_of("FAULT", f.code) for f in self.faults()]
        if want.gone:
            self.rig.wait_no_node()

    def stopped(self, want):
        return next((record for record in self.drain() if record.kind == "state" and
                     record.to == abi.CONSTANTS[f"MN_STATE_{want.to}"] and
                     record.cause == abi.CONSTANTS[f"MN_CAUSE_{want.cause}"]), None)

    def gone(self):
        try:
            self.watch.status()
        except OSError as error:
            assert error.errno == errno.ENODEV, error
            return True
        return False

    def see_stop(self, decided_ns, broken_ns, want):
        """STOP is on the wire at once, what comes after it is run-down, and home is in time."""
        way = want.stop or self.row.stop
        if way == "power":
            return
        if way == "wire":
            sent_ns = until("STOP on the wire", lambda: WIRE.stop_sent_ns(
                self.trace, decided_ns, broken_ns), 0.2, 0.002)
            stop_ns = decided_ns if sent_ns == OFF_ALREADY else sent_ns
            if sent_ns != OFF_ALREADY:
                self.result["stop_ns"] = max(sent_ns - decided_ns, 0)
                assert sent_ns - decided_ns <= WIRE.service_ns, (
                    f"STOP {(sent_ns - decided_ns) / US:.1f} us after it was decided")
            lease = 0
        else:
            # STOP has no effect: the lease, which was renewed before that for the last time
            stop_ns = WIRE.lease_from_ns(decided_ns, broken_ns)
            lease = WIRE.lease_ns
        bound = lease + WIRE.run_down_ns
        if self.state in MOVING or self.want.kind == "later":
            if want.home:
                until("the needles to be home", lambda: self.hp.state()["inputs"]["home"],
                      bound / 1e9 + 0.1, 0.005)
            homes = [event["mono_ns"] for event in self.trace.read("home")
                     if event["mono_ns"] >= self.began]
            if want.home and homes:
                self.result["home_ns"] = max(min(homes) - stop_ns, 0)
                assert min(homes) - stop_ns <= bound, (
                    f"home {(min(homes) - stop_ns) / MS:.1f} ms after STOP")
        late = [event for event in self.trace.read(WIRE.stroke_event)
                if event["mono_ns"] > stop_ns + lease + WIRE.coast_ns]
        assert not late, f"strokes after STOP: {late}"

    # ---- afterwards ----

    def works_again(self):
        """The fault is still there when its cause is gone; cleared it is SAFE, and runs."""
        latched = bool(self.want.code or (self.want.kind == "either" and self.faults()))
        if not self.gone():
            with contextlib.suppress(OSError):
                self.watch.stop()
        self.ctl.end()
        if self.hp.process is None or self.hp.process.poll() is not None:
            self.hp.kill()
            self.rig.hp = None
            self.rig.wait_no_node()
            self.hp = self.rig.start_handpiece()
        self.hp.clear_injections()
        host.set_date_back()
        host.bind()
        self.hp.set("emergency_stop", False)
        self.hp.wait_for(lambda state: state["inputs"]["home"], 1)
        if not self.hp.state()["plugged"]:
            self.hp.plug()
        elif self.want.kind == "replug":
            # What it said as it came stands until it comes again
            self.rig.replug()
        self.rig.wait_node()
        WIRE.mend(self)
        self.hp = self.rig.hp
        self.ctl = host.Controller()
        with Device(flags=os.O_RDONLY) as self.watch:
            status = self.watch.status()
            assert not latched or status.state == abi.MN_STATE_FAULT, "it was not kept"
            strokes = self.hp.state()["strokes"]
            if status.state == abi.MN_STATE_FAULT:
                until(lambda: f"it to be cleared ({self.watch.describe()})", self.clear, 1)
                self.watch.assert_state("SAFE", "CLEAR")
            time.sleep(0.03)
            # Even with the foot switch held down it does not start again by itself
            assert self.hp.state()["strokes"] == strokes
            self.watch.assert_state("SAFE")
            self.rig.press(False)
            self.rig.new_cartridge()
            WIRE.make_ready(self)
            self.go()
            status = self.watch.assert_state("RUNNING")
            assert not status.faults
            self.watch.stop()
            self.hp.wait_for(lambda state: state["inputs"]["home"], 1)
            self.rig.press(False)

    def clear(self):
        try:
            return self.ctl.device.clear() == 0
        except OSError as error:
            assert error.errno in (errno.EAGAIN, errno.EBADFD), error
            return self.watch.status().state == abi.MN_STATE_SAFE
