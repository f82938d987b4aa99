# SPDX-License-Identifier: GPL-2.0-or-later
"""The stroke rate, measured from the pulses on the line: held, bounded, and stopped where it is not."""

import time

import pytest

from rig import Bench
from steps import inputs, outputs

MS = 1_000_000
BAND = 0.05  # of the set rate
SETTLES_MS = 700  # a full load at the slowest rate; a lighter one or a faster rate take less
LIMIT_MHZ = 150000
# DESIGN's bounds, and what the timers of the lab are late
SILENCE_MS, UNDER_RATE_MS, LATE_MS = 100, 200, 2
LOADS = (300, 600, 1000, 500, 0, 300, 0)


@pytest.fixture(name="bench")
def _bench():
    with Bench() as bench:
        yield bench


def pulses(bench, seconds):
    """When strokes were at their deepest."""
    return [ns for ns, level in inputs(bench.collect(seconds), "stroke") if level]


def rates(times):
    """(ns, mHz) of each stroke but the first."""
    return [(late, 1e12 / (late - soon)) for soon, late in zip(times, times[1:])]


def outside(measured, rate):
    """Of those that are not within the band."""
    return [ns for ns, mhz in measured if abs(mhz / rate - 1) > BAND]


@pytest.mark.parametrize("rate", (20000, 60000, 100000))
def test_held_under_load(rig, bench, rate, figure):
    """Run-up, and then every step of the load: back within the band, and there to stay."""
    rig.run(300, rate)
    times = pulses(bench, rig.tree["run-up-ms"] / 1000)
    assert max(mhz for _, mhz in rates(times)) <= rate * (1 + BAND)
    times = pulses(bench, 0.5)
    assert not outside(rates(times), rate)
    longest = 0
    for load in LOADS:
        began = time.monotonic_ns()
        rig.hp.skin(load=load)
        times = times[-1:] + pulses(bench, 2 * SETTLES_MS / 1000)
        measured = rates(times)
        assert max(mhz for _, mhz in measured) <= LIMIT_MHZ
        late = [(ns - began) / MS for ns in outside(measured, rate)]
        longest = max([longest, *late])
        assert longest <= SETTLES_MS, f"load {load}: outside the band {longest:.0f} ms after it"
    assert rig.fault() == "NONE", rig.device.describe()
    figure(f"{rate} mHz: after a step of the load outside 5 % for at most {longest:.0f} ms")


def test_at_the_limit(rig, bench, figure):
    """No stroke beyond the limit and the band, with the load's smaller steps."""
    rig.run(300, LIMIT_MHZ)
    times = pulses(bench, 0.5)
    for load in (200, 0, 300, 200, 0):
        rig.hp.skin(load=load)
        times += pulses(bench, 0.5)
    fastest = max(mhz for _, mhz in rates(times))
    assert rig.fault() == "NONE", rig.device.describe()
    assert fastest <= LIMIT_MHZ * (1 + BAND)
    figure(f"set to the limit, the fastest stroke was {fastest:.0f} mHz")


def over_rate(rig, bench, seconds):
    """The drive is low with the very pulse that was too soon; how fast that was."""
    events = bench.collect(seconds)
    measured = rates([ns for ns, level in inputs(events, "stroke") if level])
    ns, mhz = next((ns, mhz) for ns, mhz in measured if mhz > LIMIT_MHZ * (1 + BAND))
    assert [(at, level) for at, level in outputs(events, "drive-enable") if at >= ns] == [(ns, 0)]
    assert rig.fault() == "OVER_RATE"
    return mhz


def test_load_gone_at_the_limit(rig, bench, figure):
    """A motor that is relieved of all of its load is faster before anybody knows: it is stopped."""
    rig.hp.skin(load=1000)
    rig.run(300, LIMIT_MHZ)
    pulses(bench, 1.5)
    assert rig.fault() == "NONE", rig.device.describe()
    rig.hp.skin(load=0)
    figure(f"all load gone at the limit: stopped at once at {over_rate(rig, bench, 0.3):.0f} mHz")


@pytest.mark.parametrize("rate", (20000, 100000))
def test_runaway(rig, bench, rate, figure):
    """The first stroke that is too fast is the last with power."""
    rig.run(300, rate)
    pulses(bench, 0.5)
    shot = rig.hp.inject("runaway", mhz=240000)
    mhz = over_rate(rig, bench, 0.3)
    shot.wait()
    figure(f"runaway from {rate} mHz: stopped at once at {mhz:.0f} mHz")


@pytest.mark.parametrize("rate", (20000, 150000))
def test_stall(rig, bench, rate, figure):
    """No stroke for 100 ms."""
    rig.run(300, rate)
    times = pulses(bench, 0.5)
    shot = rig.hp.inject("stall")
    events = bench.collect(0.3)
    shot.wait()
    times += [ns for ns, level in inputs(events, "stroke") if level]
    low = next(ns for ns, level in outputs(events, "drive-enable") if not level)
    silent = (low - times[-1]) / MS
    assert rig.fault() == "STROKE_SILENCE"
    assert silent <= SILENCE_MS + LATE_MS
    figure(f"stall at {rate} mHz: stopped {silent:.3f} ms after the last stroke")


def test_stalled_from_the_start(rig, bench, figure):
    """It never makes a stroke."""
    shot = rig.hp.inject("stall")
    bench.collect(0)
    rig.run(300, 100000)
    events = bench.collect(0.3)
    shot.wait()
    drive = outputs(events, "drive-enable")
    assert [level for _, level in drive] == [1, 0]
    silent = (drive[1][0] - drive[0][0]) / MS
    assert rig.fault() == "STROKE_SILENCE"
    assert silent <= SILENCE_MS + LATE_MS
    figure(f"stalled from the start: stopped {silent:.3f} ms after it had power")


def test_too_slow(rig, bench, figure):
    """Below half of the set rate for 200 ms."""
    rig.run(300, 100000)
    pulses(bench, 0.5)
    rig.hp.inject("runaway", mhz=35000)
    events = bench.collect(1.0)
    measured = rates([ns for ns, level in inputs(events, "stroke") if level])
    slow = next(ns for ns, mhz in measured if mhz < 50000)
    low = next(ns for ns, level in outputs(events, "drive-enable") if not level)
    assert rig.fault() == "UNDER_RATE"
    assert (low - slow) / MS <= UNDER_RATE_MS + LATE_MS
    figure(f"too slow: stopped {(low - slow) / MS:.3f} ms after the first slow stroke")
