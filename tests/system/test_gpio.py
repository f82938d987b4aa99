# SPDX-License-Identifier: GPL-2.0-or-later
"""What only a GPIO handpiece has: lines that stop, a counted depth, a cartridge without a tag."""

import contextlib
import errno
import os
import re
import time

import pytest
from microneedle import abi, panel
from microneedle.applies import gpio_only
from microneedle.device import Device
from microneedle.kind import GPIO
from microneedle.panel import LABEL
from microneedle.wait import refused, until
from test_interlocks import bring_to, goes_on, stopped_for

if GPIO:
    from board import INPUT, OUTPUT, Bench

pytestmark = gpio_only("it has no lines")

US = 1000
MS = 1000000
CLOCK_NS = 256  # what UML's clock counts in
DRIVE, STEP = 0, 2  # of tests/lab/bench.dts
LEASE_MS = 50
REFRESH_MS = 25
STEP_UM = 5

# A line, the level that it has while all is well, and what is latched when it changes
LINES = (("emergency-stop", 7, 1, "EMERGENCY_STOP"), ("depth-end", 5, 0, "OVER_DEPTH"),
         ("cartridge", 8, 1, "CARTRIDGE"), ("foot-switch", 9, 1, None))


@pytest.fixture
def bench(rig):
    """The board's other end, beside the handpiece that is connected to it."""
    with Bench() as bench:
        yield bench


def first(events, kind, line, value, since=0):
    return next(event for event in events if event.ns >= since and not event.stands and
                (event.kind, event.index, event.value) == (kind, line, value))


# ---- a run ----

def test_a_run_from_arm_to_complete_and_what_is_told_of_it(rig):
    rig.hp.stats(reset_deepest=True)
    before = rig.last_stroke()
    with rig.control() as device:
        granted = device.arm(depth_um=507, rate_mhz=100050, strokes=30)
        # Rounded down to the board's steps
        assert (granted.depth_um, granted.rate_mhz) == (505, 100000)
        assert rig.marked()
        time.sleep(0.11)
        rig.press()
        running = device.wait_state("RUNNING", cause=abi.MN_CAUSE_TRIGGER)
        device.wait_state("SAFE", cause=abi.MN_CAUSE_COMPLETE)
        rig.still()
        device.read()
        strokes = device.strokes()
        assert [stroke.number - before for stroke in strokes] == list(range(1, len(strokes) + 1))
        assert 30 <= len(strokes) <= 33 and len(strokes) == rig.last_stroke() - before
        status = device.assert_state("SAFE", "COMPLETE")
        assert status.dose_strokes == len(strokes) and status.faults == 0
        # A depth that is counted is where the depth stop is, on its way home too
        assert all(stroke.depth_um == 505 for stroke in strokes[:30])
        assert all(stroke.depth_um <= 505 for stroke in strokes)
        assert all(9500 <= stroke.period_us <= 10500 for stroke in strokes[20:30])
        assert all(stroke.mono_ns >= running.mono_ns for stroke in strokes)
    steps = rig.hp.stats()["steps"]
    assert steps["deepest_counted"] == 505 // STEP_UM
    assert steps["deepest"] <= 505 // STEP_UM and steps["lost"] == 0


def test_the_motor_has_no_power_before_the_depth_stop_is_there(rig, bench):
    with rig.control() as device:
        device.arm(depth_um=1500)
        time.sleep(0.11)
        bench.collect(0)
        pressed_ns = time.monotonic_ns()
        rig.press()
        device.wait_strokes(1)
        events = bench.collect(0)
        on = first(events, OUTPUT, DRIVE, 1)
        assert on.ns - pressed_ns < 200 * MS
        assert rig.has_depth(1500)
        steps = [event for event in events if (event.kind, event.index) == (OUTPUT, STEP)]
        assert steps and steps[-1].ns < on.ns


# ---- lines that stop ----

@pytest.mark.parametrize("line", LINES, ids=lambda line: line[0])
def test_a_line_cuts_the_drive_in_its_own_interrupt(rig, bench, figure, line):
    name, number, well, fault = line
    with rig.control() as device:
        for run in range(3):
            rig.run(device, 3 + run)
            bench.collect(0)
            device.forget()
            bench.put(number, 1 - well, time.monotonic_ns() + 3 * MS + 777 * run)
            if fault:
                device.wait_fault(fault, state=abi.MN_STATE_RUNNING)
            else:
                device.wait_state("ARMED", cause=abi.MN_CAUSE_TRIGGER_RELEASED)
            events = bench.collect(0)
            changed = first(events, INPUT, number, 1 - well)
            cut = first(events, OUTPUT, DRIVE, 0, changed.ns)
            figure(f"{name} line to drive-enable line", cut.ns - changed.ns, CLOCK_NS)
            rig.still()
            rig.killed(device)
            assert not [event for event in bench.collect(0)
                        if (event.kind, event.index, event.value) == (OUTPUT, DRIVE, 1)]
            # The handpiece does not know of it: what it had connected there is so again
            bench.put(number, 0 if name == "foot-switch" else well)
            if fault:
                until("it to be cleared", lambda: clearable(device))
            else:
                device.stop()
            rig.make_ready_again(device)


def clearable(device):
    with contextlib.suppress(OSError):
        return device.clear() == 0
    return False


@pytest.mark.parametrize("way", ("stop", "close", "lease"))
def test_what_a_program_does_or_fails_to_do_cuts_the_drive_at_once(rig, bench, figure, way):
    with Device(flags=os.O_RDONLY) as watcher, rig.control(lease_ms=100) as device:
        rig.run(device)
        watcher.forget()
        bench.collect(0)
        if way == "stop":
            watcher.stop()
        elif way == "close":
            device.close()
        else:
            device.stop_heart()
        told = watcher.wait("state")
        cut = first(bench.collect(0), OUTPUT, DRIVE, 0)
        figure(f"{way}: what the kernel learned to drive-enable line", cut.ns - told.mono_ns,
               2 * CLOCK_NS)
        rig.still()


# ---- what is outside: the one-shot ----

def test_the_one_shot_is_retriggered_in_time_and_no_longer_than_it_runs(rig):
    with rig.control() as device:
        rig.run(device, 30)
        watchdog = rig.hp.stats()["watchdog"]
        assert 0 < watchdog["longest_gap_ns"] < (REFRESH_MS + 5) * MS and not watchdog["expiries"]
        device.stop()
        rig.still()
        edges = rig.hp.stats()["watchdog"]["edges"]
        time.sleep(0.2)
        assert rig.hp.stats()["watchdog"]["edges"] - edges <= 1


def test_a_one_shot_that_sees_no_edge_stops_it_and_is_noticed(rig):
    with rig.control() as device:
        bring_to(rig, device, "RUNNING")
        rig.hp.inject("watchdog_unseen").wait()
        stopped_for(rig, device, "STROKE_SILENCE", "RUNNING")
        stats = rig.hp.stats()
        assert stats["watchdog"]["expired_ns"] <= stats["drive_enable"]["fall_ns"]
        rig.hp.clear_injections()
        goes_on(rig, device)


def test_a_drive_that_stays_on_is_cut_by_the_one_shot(rig):
    """The last line of defence: the line is low, and nothing comes of it."""
    with rig.control() as device:
        bring_to(rig, device, "RUNNING")
        shot = rig.hp.inject("drive_stuck")
        device.stop()
        shot.wait()
        state = rig.hp.wait_for(lambda state: not state["power"], 1)
        stats = rig.hp.stats()
        last_ns = stats["watchdog"]["last_ns"]
        assert 0 <= stats["power"]["fall_ns"] - last_ns <= (LEASE_MS + 1) * MS, state
        # It was not renewed once the kernel had said stop
        assert last_ns <= stats["drive_enable"]["fall_ns"]
        rig.still()
        rig.hp.clear_injections()


# ---- what goes wrong with it ----

# The injection, the faults of which one must come first
WHILE_RUNNING = (
    ("runaway", {"mhz": 250000}, ("OVER_RATE",)),
    ("stall", {}, ("STROKE_SILENCE", "UNDER_RATE")),
    ("pulse_loss", {"strokes": 20}, ("STROKE_SILENCE",)),
    ("extra_pulses", {"strokes": 5, "after_strokes": 30}, ("OVER_RATE",)),
    ("switch_stuck", {"which": "home", "how": "closed"}, ("MEASUREMENT",)),
    ("switch_stuck", {"which": "depth_end", "how": "closed"}, ("OVER_DEPTH",)),
    ("switch_stuck", {"which": "emergency_stop", "how": "open"}, ("EMERGENCY_STOP",)),
    ("switch_stuck", {"which": "cartridge", "how": "open"}, ("CARTRIDGE",)),
)


def name_of(case):
    return "-".join([case[0], *(str(value) for value in case[1].values())])


@pytest.mark.parametrize("case", WHILE_RUNNING, ids=name_of)
def test_while_running(rig, case):
    injection, parameters, faults = case
    with rig.control() as device:
        bring_to(rig, device, "RUNNING")
        effect = rig.hp.inject(injection, **parameters).wait(3000)
        record = device.wait("fault")
        assert abi.name_of("FAULT", record.code) in faults
        assert record.mono_ns - effect["mono_ns"] < 600 * MS
        device.assert_state("FAULT")
        rig.killed(device)
        rig.hp.clear_injections()
        rig.still()
        until("it to be cleared", lambda: clearable(device))
        device.assert_state("SAFE", "CLEAR")
        rig.make_ready_again(device)
        goes_on_from_safe(rig, device)


def goes_on_from_safe(rig, device):
    rig.run(device, 2)
    assert device.assert_state("RUNNING").faults == 0
    device.stop()
    rig.press(False)


def test_steps_that_are_lost_on_the_way_home_are_noticed_there(rig):
    with rig.control() as device:
        bring_to(rig, device, "RUNNING")
        rig.hp.inject("lost_steps", count=40)
        device.stop()
        device.wait_fault("NOT_HOME")
        rig.press(False)
        rig.still()
        until("it to be cleared", lambda: clearable(device))
        # Nothing starts on a count that was wrong
        with refused(errno.EAGAIN) as refusal:
            device.arm()
        assert refusal.answer.interlocks & abi.MN_INTERLOCK_SELF_TEST
        rig.make_ready_again(device)
        goes_on_from_safe(rig, device)


def test_steps_that_are_lost_as_it_leaves_home_give_the_motor_no_power(rig):
    rises = rig.hp.stats()["drive_enable"]["rises"]
    with rig.control() as device:
        rig.hp.inject("lost_steps", count=15)
        device.arm()
        time.sleep(0.11)
        rig.press()
        device.wait_fault("MEASUREMENT")
        rig.still()
        assert rig.hp.stats()["drive_enable"]["rises"] == rises
        rig.press(False)
        until("it to be cleared", lambda: clearable(device))
        with refused(errno.EAGAIN) as refusal:
            device.arm()
        assert refusal.answer.interlocks & abi.MN_INTERLOCK_SELF_TEST
    # It came home by its count, without the switch, and by now is too far behind it for a self-test
    rig.stop_handpiece()


def test_a_bouncing_home_switch_is_none_that_is_wrong(rig):
    with rig.control() as device:
        rig.hp.inject("switch_bounce", which="home", ms=1, count=2)
        rig.run(device, 5)
        device.stop()
        rig.still()
        assert device.assert_state("SAFE").faults == 0


def test_a_power_stage_that_keeps_its_duty_is_stopped_by_the_line(rig):
    with rig.control() as device:
        bring_to(rig, device, "RUNNING")
        rig.hp.inject("pwm_stuck")
        device.stop()
        rig.still()
        rig.killed(device)
        rig.hp.clear_injections()


@pytest.mark.parametrize("how", ("closed", "open"))
def test_a_home_switch_that_is_stuck_fails_the_self_test(rig, how):
    with rig.control() as device:
        device.forget()
        rig.hp.inject("switch_stuck", which="home", how=how)
        with contextlib.suppress(OSError):
            device.ioctl("SELF_TEST")
        until("it not to be passed", lambda: rig.self_test() != "busy", 6)
        assert rig.self_test() != "passed"
        with refused(errno.EAGAIN, errno.EBADFD):
            device.arm()
        rig.hp.clear_injections()
        until("it to be cleared", lambda: not device.status().faults or clearable(device), 10)
        rig.still()
        if how == "closed":
            rig.pass_self_test(device)
            goes_on_from_safe(rig, device)
    if how == "open":
        # It was driven against its end, further than a self-test comes back from
        rig.stop_handpiece()


def test_every_injector_is_used(rig):
    """A new way to go wrong needs a test, or nobody knows what the driver does."""
    with open(os.path.abspath(__file__), encoding="utf-8") as stream:
        used = set(re.findall(r'inject\("(\w+)"', stream.read()))
    used |= {case[0] for case in WHILE_RUNNING}
    assert set(rig.hp.cmd(cmd="faults")["faults"]) <= used


# ---- after its driver came ----

def test_what_happened_before_is_not_known(rig):
    """Cleared and tested, and with a cartridge that was seen to come, it runs."""
    rig.unplug()
    rig.plug()
    with rig.control() as device:
        status = device.assert_state("FAULT")
        assert status.faults == abi.bit("RESTART") and status.self_test == abi.MN_SELF_TEST_NEVER
        with refused(errno.EBADFD):
            device.arm()
        assert device.clear() == 0
        with refused(errno.EEXIST):
            rig.declare(device)
        rig.new_cartridge()
        with refused(errno.EAGAIN) as refusal:
            device.arm()
        assert refusal.answer.interlocks == abi.MN_INTERLOCK_SELF_TEST
        rig.pass_self_test(device)
        goes_on_from_safe(rig, device)


def test_the_drive_is_low_while_nobody_has_it(rig, bench):
    with rig.control() as device:
        rig.run(device)
        bench.collect(0)
        rig.unplug()
        events = bench.collect(0)
        cut = first(events, OUTPUT, DRIVE, 0)
        assert not [event for event in events if event.ns > cut.ns and
                    (event.kind, event.index, event.value) == (OUTPUT, DRIVE, 1)]
    state = rig.hp.wait_for(lambda state: state["inputs"]["home"], 1)
    assert not state["drive_enable"] and not state["power"]
    rig.press(False)
    rig.plug()


# ---- the cartridge ----

def test_a_cartridge_is_declared_once_by_the_controller_while_nothing_is_armed(rig):
    rig.swap_cartridge()
    with Device() as other, rig.control() as device:
        status = until("it to be seen", lambda: device.status().cartridge_flags and device.status())
        assert status.cartridge_flags == abi.MN_CARTRIDGE_PRESENT | abi.MN_CARTRIDGE_UNDECLARED
        assert status.interlocks & abi.MN_INTERLOCK_CARTRIDGE_UNREADABLE
        with refused(errno.ERANGE) as refusal:
            device.arm(depth_um=10)
        assert (refusal.answer.refused_source, refusal.answer.refused_limit) == (
            abi.MN_SOURCE_CARTRIDGE, 0)
        with refused(errno.EPERM):
            rig.declare(other)
        for wrong in ({"needle_um": 0}, {"needles": 0}, {"max_rate_mhz": 0}, {"max_strokes": 0},
                      {"lot": b""}, {"lot": b"A B"}, {"flags": 1}, {"uid": 1}):
            with refused(errno.EINVAL):
                rig.declare(device, **wrong)
        uid = rig.declare(device, needle_um=1200)
        status = device.status()
        assert uid and status.cartridge_uid == uid and status.cartridge_needle_um == 1200
        with refused(errno.EEXIST):
            rig.declare(device, needle_um=1500)
        with refused(errno.ERANGE) as refusal:
            device.arm(depth_um=1201)
        assert refusal.answer.refused_source == abi.MN_SOURCE_CARTRIDGE
        device.arm(depth_um=1200)
        with refused(errno.EBADFD, errno.EEXIST):
            rig.declare(device)


def test_what_is_declared_beyond_the_board_is_lowered_to_it(rig):
    rig.new_cartridge(needle_um=3000, max_rate_mhz=200000, max_strokes=200000)
    with rig.control() as device:
        limits = device.limits()
        values = [limits.value[quantity][abi.MN_SOURCE_CARTRIDGE] for quantity in range(3)]
        assert values == [2500, 150000, 100000]


def test_without_a_cartridge_nothing_is_declared(rig):
    rig.hp.remove()
    with rig.control() as device:
        until("it to be gone", lambda: not device.status().cartridge_flags)
        with refused(errno.EAGAIN):
            rig.declare(device)


def test_a_cartridge_that_was_pulled_is_another(rig):
    with rig.control() as device:
        device.arm()
        device.stop()
        rig.swap_cartridge()
        until("it to be seen", lambda: device.status().cartridge_flags
              & abi.MN_CARTRIDGE_UNDECLARED)
        with refused(errno.ERANGE):
            device.arm()
        assert rig.declare(device) and not rig.marked()
        device.arm()


def test_a_used_cartridge_is_of_its_treatment_alone(rig):
    with rig.control() as device:
        device.arm()
        device.stop()
        device.arm()  # the same treatment goes on
    with rig.control() as device:
        assert device.status().cartridge_flags & abi.MN_CARTRIDGE_SPENT
        with refused(errno.EAGAIN) as refusal:
            device.arm()
        assert refusal.answer.interlocks & abi.MN_INTERLOCK_CARTRIDGE_SPENT
        with refused(errno.EEXIST):
            rig.declare(device)


def test_what_the_label_says_is_told(rig):
    rig.new_cartridge(lot=b"LOT-77", needles=36)
    with Device(flags=os.O_RDONLY) as device:
        status = device.status()
        assert status.cartridge_lot.rstrip(b"\0") == b"LOT-77"
        assert (status.cartridge_needles, status.cartridge_needle_um) == (36, LABEL["needle_um"])


def test_the_board_is_what_the_tree_says(rig):
    assert os.path.realpath(f"{panel.DRIVER}/{panel.NAME}/of_node").endswith("/handpiece")
