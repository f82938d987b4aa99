# SPDX-License-Identifier: GPL-2.0-or-later
"""The bench model: it moves as it is driven, and every injection shows that it acted."""

import signal
import subprocess
import time

import pytest

from board import INPUT, RING
from gpio_handpiece import GpioHandpiece, HandpieceError
from hands import Hands, cells, line

MS = 1_000_000
US = 1000
# What the model does to a line after the board moved another: it has to be woken, and reads clocks.
REACTION_NS = 5 * US

FULL_MHZ = cells("motor-full-millihertz")[0]
BACKLASH = cells("backlash-steps")[0]
TRAVEL = cells("travel-steps")[0]
LEASE_MS = cells("lease-ms")[0]
STEP_UM = cells("microns-per-step")[0]


@pytest.fixture(name="hands")
def _hands():
    hands = Hands()
    yield hands
    hands.close()


@pytest.fixture(name="hp")
def _hp(hands):
    handpiece = GpioHandpiece()
    with handpiece:
        yield handpiece
        hands.set("drive-enable", 0)
        assert handpiece.stop() == 0


def pulses(events):
    """The times of the stroke pulses among the board's events."""
    return [event.ns for event in events
            if (event.kind, event.index, event.value) == (INPUT, line("stroke"), 1)]


def periods(times):
    return [after - before for before, after in zip(times, times[1:])]


# What it is at rest


def test_at_rest_its_lines_say_so(hp, hands):
    assert [hands.get(name) for name in ("home", "depth-end", "stroke", "cartridge",
                                         "foot-switch")] == [1, 0, 0, 0, 0]
    assert hands.get("emergency-stop") == 1, "closed: not pressed"
    state = hp.state()
    assert (state["position_steps"], state["home"], state["power"]) == (0, True, False)


def test_it_can_begin_away_from_home(hands):
    with GpioHandpiece(position=37, cartridge=True) as hp:
        assert hp.state()["position_um"] == 37 * STEP_UM
        assert (hands.get("home"), hands.get("cartridge")) == (0, 1)


def test_inputs(hp, hands, bench):
    for name, value, level in (("foot_switch", True, 1), ("foot_switch", False, 0),
                               ("emergency_stop", True, 0), ("emergency_stop", False, 1)):
        hp.set(name, value)
        assert hands.get(name.replace("_", "-")) == level
    bench.collect(0.001)
    hp.set("foot_switch", True, bounce_ms=6, edges=4)
    seen = [(event.ns, event.value) for event in bench.collect(0.02)]
    assert [value for _, value in seen] == [1, 0, 1, 0, 1]
    for happened, gap in zip(seen, periods([ns for ns, _ in seen])):
        assert abs(gap - 1.5 * MS) < REACTION_NS, happened
    hp.insert()
    assert hands.get("cartridge") == 1
    hp.remove()
    assert hands.get("cartridge") == 0


def test_it_refuses_what_it_does_not_know(hp):
    for wrong in ({"cmd": "plug"}, {"cmd": "set", "input": "home", "value": True},
                  {"cmd": "state", "more": 1}, {"cmd": "inject", "fault": "overshoot"},
                  {"cmd": "inject", "fault": "switch_stuck", "which": "stroke"},
                  {"cmd": "cartridge", "action": "insert", "needle_um": 1500}):
        with pytest.raises(HandpieceError):
            hp.cmd(**wrong)


# The depth stop


def test_every_step_is_counted_and_backlash_taken_up(hp, hands):
    hands.step(BACKLASH)
    assert (hp.state()["position_steps"], hands.get("home")) == (0, 1)
    hands.step(100)
    assert (hp.state()["position_steps"], hands.get("home")) == (100, 0)
    hands.step(-BACKLASH)
    assert hp.state()["position_steps"] == 100
    assert hp.state()["counted_steps"] == 100
    hands.step(-101)
    assert (hp.state()["position_steps"], hands.get("home")) == (-1, 1)
    assert hp.state()["counted_steps"] == -1
    steps = hp.stats(reset_deepest=True)["steps"]
    assert (steps["deeper"], steps["home"]) == (100 + BACKLASH, 101 + BACKLASH)
    assert (steps["deepest"], steps["lost"], steps["driven"]) == (100, 0, 0)
    assert steps["deepest_counted"] == 100 + BACKLASH
    assert hp.stats()["steps"]["deepest"] == -1


def test_switches_change_with_the_step_that_reaches_them(hp, hands, bench):
    hands.step(TRAVEL + BACKLASH - 1)
    assert hands.get("depth-end") == 0
    bench.collect(0.001)
    hands.step(1)
    step, end = [event for event in bench.collect(0.001)
                 if event.value and event.index in (line("step"), line("depth-end"))]
    assert (step.index, end.index) == (line("step"), line("depth-end"))
    assert step.ns < end.ns <= step.ns + REACTION_NS
    # and there it ends: what it is stepped further, it does not go
    hands.step(60)
    assert hp.state()["position_steps"] < TRAVEL + 50
    assert hp.stats()["steps"]["lost"] > 0


# The motor


def test_the_motor_turns_as_its_duty_says(hp, hands, bench):
    hands.drive(0.4)
    hands.run(0.4)
    bench.collect(0.001)
    hands.run(0.3)
    wanted = 1e12 / (0.4 * FULL_MHZ)
    times = pulses(bench.collect(0.001))
    assert len(times) in (29, 30, 31)
    assert all(abs(period - wanted) < wanted * 0.001 for period in periods(times))
    hands.duty(0.2)
    hands.run(0.4)
    assert abs(hp.state()["rate_mhz"] - 0.2 * FULL_MHZ) < 100
    stats = hp.stats()
    assert stats["pulses"] == stats["strokes"] == hp.state()["strokes"]


def test_it_goes_on_as_long_as_nothing_changes(hp, hands, bench):
    """However long ago it was that its duty was set."""
    hands.drive(0.4)
    hands.run(3.5)
    bench.collect(0.001)
    hands.run(0.2)
    found = periods(pulses(bench.collect(0.001)))
    assert len(found) >= 15 and max(found) - min(found) < 10 * US


def test_load_slows_it_until_its_duty_is_raised(hp, hands):
    hands.drive(0.4)
    hands.run(0.4)
    free = hp.state()["rate_mhz"]
    hp.skin(load=500)
    hands.run(0.4)
    loaded = hp.state()["rate_mhz"]
    assert 0.7 * free < loaded < 0.95 * free
    hands.duty(0.4 * free / loaded)
    hands.run(0.4)
    assert abs(hp.state()["rate_mhz"] - free) < 0.005 * free


def test_without_drive_enable_it_stands_soon(hp, hands, bench):
    hands.drive(0.6)
    hands.run(0.4)
    bench.collect(0.0)
    hands.set("drive-enable", 0)
    events = bench.collect(0.2)
    off = events[0].ns
    stats = hp.stats()
    assert stats["drive_enable"]["fall_ns"] == stats["power"]["fall_ns"] == off
    assert not hp.state()["turning"]
    assert 0 < pulses(events)[-1] - off < 80 * MS


def test_the_one_shot_cuts_the_power_a_lease_after_the_last_edge(hp, hands):
    hands.drive(0.4)
    hands.run(0.2)
    assert hp.state()["power"]
    hands.watchdog()
    time.sleep(LEASE_MS / 1000 - 0.001)
    assert hp.state()["power"]
    time.sleep(0.002)
    stats = hp.stats()
    assert not hp.state()["power"]
    assert stats["watchdog"]["expired_ns"] == stats["power"]["fall_ns"]
    assert stats["power"]["fall_ns"] == stats["watchdog"]["last_ns"] + LEASE_MS * MS
    # and it comes back with the next edge, if nobody took drive-enable away
    hands.watchdog()
    assert hp.state()["power"]


# Injections


def test_lost_steps(hp, hands):
    hands.step(50 + BACKLASH)
    shot = hp.inject("lost_steps", count=7)
    assert not shot.took_effect()
    hands.step(50)
    assert "did not turn" in shot.wait()["detail"]
    assert (hp.state()["position_steps"], hp.state()["counted_steps"]) == (93, 100 + BACKLASH)
    assert hp.stats()["steps"]["lost"] == 7
    hands.step(-(93 + BACKLASH - 1))
    assert hands.get("home") == 0
    hands.step(-1)
    assert hands.get("home") == 1


@pytest.mark.parametrize("which, how, level, move", (
    ("home", "closed", 1, lambda hp, hands: hands.step(10 + BACKLASH)),
    ("home", "open", 0, None),
    ("depth_end", "closed", 1, None),
    ("depth_end", "open", 0, lambda hp, hands: hands.step(TRAVEL + BACKLASH + 5)),
    ("emergency_stop", "closed", 1, lambda hp, hands: hp.set("emergency_stop", True)),
    ("emergency_stop", "open", 0, None),
    ("foot_switch", "closed", 1, None),
    ("foot_switch", "open", 0, lambda hp, hands: hp.set("foot_switch", True)),
    ("cartridge", "closed", 1, None),
    ("cartridge", "open", 0, lambda hp, hands: hp.insert()),
))
def test_switch_stuck(hp, hands, which, how, level, move):
    shot = hp.inject("switch_stuck", which=which, how=how)
    if move:
        assert not shot.took_effect()
        move(hp, hands)
    shot.wait()
    assert hands.get(which.replace("_", "-")) == level
    hp.clear_injections()
    assert hands.get(which.replace("_", "-")) != level


def test_switch_bounce(hp, hands, bench):
    shot = hp.inject("switch_bounce", which="home", ms=3)
    hands.step(BACKLASH + 1)
    shot.wait()
    home = [event for event in bench.collect(0.01) if event.index == line("home")]
    assert [event.value for event in home if event.kind == INPUT][-7:] == [0, 1, 0, 1, 0, 1, 0]
    assert home[-1].ns - home[-7].ns < 3 * MS + REACTION_NS


def test_pulse_loss_and_extra_pulses(hp, hands, bench):
    hands.drive(0.4)
    hands.run(0.4)
    bench.collect(0.0)
    loss = hp.inject("pulse_loss", strokes=2, after_strokes=3)
    hands.run(0.15)
    extra = hp.inject("extra_pulses", strokes=3)
    hands.run(0.15)
    loss.wait()
    extra.wait()
    gaps = [round(period / (1e12 / (0.4 * FULL_MHZ)), 1) for period in
            periods(pulses(bench.collect(0.001)))]
    assert gaps.count(3.0) == 1 and gaps.count(0.5) == 6
    assert gaps.count(1.0) == len(gaps) - 7
    stats = hp.stats()
    assert stats["pulses"] == stats["strokes"] + 1


def test_runaway(hp, hands):
    hands.drive(0.2)
    hands.run(0.3)
    shot = hp.inject("runaway", mhz=180000)
    hands.run(0.2)
    shot.wait()
    assert abs(hp.state()["rate_mhz"] - 180000) < 1000
    hands.duty(0.0)
    hands.run(0.1)
    assert abs(hp.state()["rate_mhz"] - 180000) < 1000, "no PWM holds it"
    hands.set("drive-enable", 0)
    hands.run(0.1)
    assert not hp.state()["turning"]


def test_stall(hp, hands):
    hands.drive(0.4)
    hands.run(0.3)
    shot = hp.inject("stall")
    shot.wait()
    before = hp.state()["strokes"]
    hands.run(0.2)
    assert hp.state()["strokes"] == before
    hp.clear_injections()
    hands.run(0.2)
    assert hp.state()["strokes"] > before


def test_pwm_stuck(hp, hands):
    hands.drive(0.4)
    hands.run(0.4)
    shot = hp.inject("pwm_stuck")
    hands.run(0.1)
    assert not shot.took_effect()
    hands.duty(0.1)
    hands.run(0.3)
    shot.wait()
    assert abs(hp.state()["rate_mhz"] - 0.4 * FULL_MHZ) < 0.01 * FULL_MHZ
    hands.pwm.set("enable", 0)
    hands.run(0.1)
    assert hp.state()["turning"]
    hands.set("drive-enable", 0)
    hands.run(0.1)
    assert not hp.state()["turning"]


def test_drive_stuck(hp, hands):
    hands.drive(0.4)
    hands.run(0.3)
    shot = hp.inject("drive_stuck")
    assert not shot.took_effect()
    hands.set("drive-enable", 0)
    hands.run(0.2)
    shot.wait()
    assert hp.state()["turning"] and not hp.state()["drive_enable"]
    # the one-shot is in series
    time.sleep(2 * LEASE_MS / 1000 + 0.08)
    assert not hp.state()["turning"]


def test_watchdog_unseen(hp, hands):
    hands.drive(0.4)
    hands.run(0.3)
    shot = hp.inject("watchdog_unseen")
    assert not shot.took_effect()
    hands.run(0.2)
    shot.wait()
    assert not hp.state()["power"] and hp.state()["drive_enable"]
    stats = hp.stats()
    assert stats["watchdog"]["longest_gap_ns"] < 30 * MS and stats["watchdog"]["expiries"] == 1


def test_watchdog_unseen_from_the_start(hp, hands):
    # how the line stood is an edge, too
    time.sleep(2 * LEASE_MS / 1000)
    shot = hp.inject("watchdog_unseen")
    hands.drive(0.4)
    assert "no power" in shot.wait(100)["detail"]
    hands.run(0.1)
    assert not hp.state()["turning"]


def test_strokes_and_home_are_traced(hp, hands):
    hands.drive(0.4)
    hands.run(0.3)
    hands.set("drive-enable", 0)
    hands.step(BACKLASH + 20)
    hands.step(-BACKLASH - 20)
    hands.run(0.1)
    assert [event["number"] for event in hp.events("stroke")] == list(
        range(1, hp.state()["strokes"] + 1))
    assert hp.stats()["stroke_ns"] == hp.events("stroke")[-1]["mono_ns"]
    # once as it began, and once as it came back
    assert len(hp.events("home")) == 2


def test_an_injection_that_does_nothing_is_not_believed(hp):
    shot = hp.inject("lost_steps")
    with pytest.raises(HandpieceError, match="took no effect"):
        shot.wait(50)


def test_lost_events_fail_the_run(hands):
    hp = GpioHandpiece()
    hp.start()
    hp.process.send_signal(signal.SIGSTOP)
    for level in range(RING + 1):
        hands.set("dir", not level % 2)
    hp.process.send_signal(signal.SIGCONT)
    assert hp.process.wait(5) == 1
    hp.kill()


def test_without_a_handpiece_in_the_tree_it_says_so():
    program = GpioHandpiece().argv[0]
    done = subprocess.run([program, "--tree", "/proc/device-tree/bench"], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 1 and "no microneedle,gpio-handpiece" in done.stderr
