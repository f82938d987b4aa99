# SPDX-License-Identifier: GPL-2.0-or-later
"""The board itself: every edge with its time, every interrupt at its time, nothing lost unsaid."""

import os
import select
import time

from board import (CANCEL, FALLING, FLOATS, INPUT, LINE_INPUT, LINE_OUTPUT, LINES, LOST, OUTPUT,
                   PWM_DUTY, PWM_INVERSED, PWM_ON, PWM_PERIOD, PWM_STATE, PWMS, RING, RISING, Bench,
                   Lines, Pwm, refusal)

# UML's clock counts in steps of 256 ns and its timer is set in whole ones, no closer than 500 ns:
# that is how exactly a stimulus can be put anywhere. What it leads to has the very same time.
CLOCK_NS = 1000

MS = 1_000_000


def now():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


def test_it_begins_with_how_everything_stands(bench):
    stood = {(event.kind, event.index): event.value for event in bench.stood}
    assert stood == {**{(INPUT, line): 0 for line in range(LINES)},
                     **{(kind, pwm): 0 for kind in (PWM_PERIOD, PWM_DUTY, PWM_STATE)
                        for pwm in range(PWMS)}}
    with Lines([3], LINE_OUTPUT, 1):
        bench.put(7, 1)
        bench.collect(0.001)
        with Bench() as late:
            stood = {(event.kind, event.index): event.value for event in late.stood}
    assert stood[OUTPUT, 3] == 1 and stood[INPUT, 7] == 1 and stood[INPUT, 6] == 0


def test_every_edge_of_an_output_is_recorded_with_its_time(bench):
    with Lines([0, 31], LINE_OUTPUT) as lines:
        assert [event[1:4] for event in bench.read()] == [(OUTPUT, 0, 0), (OUTPUT, 31, 0)]
        for index, value in ((0, 1), (1, 1), (1, 1), (0, 0)):
            time.sleep(0.003)
            before = now()
            lines.set(value, index)
            after = now()
            events = bench.read()
            if (index, value) == (1, 1) and lines.get() == 3 and not events:
                continue  # it was high already: no edge
            assert [event[1:4] for event in events] == [(OUTPUT, 31 * index, value)]
            assert before <= events[0].ns <= after
        lines.configure(LINE_INPUT)
        assert {event[1:4] for event in bench.read()} == {(FLOATS, 0, 0), (FLOATS, 31, 0)}


def test_a_stimulus_interrupts_at_its_time(bench):
    with Lines([4, 5], LINE_INPUT | RISING | FALLING) as lines:
        start = now() + 5 * MS
        plan = [(start, 4, 1), (start + 10_000, 5, 1), (start + MS, 4, 0), (start + MS, 5, 0),
                (start + 7 * MS + 77, 4, 1)]
        # in any order: what counts is the time
        assert bench.stimuli(*reversed(plan[:2]), *plan[2:]) == len(plan)
        time.sleep(0.02)
        recorded = [(event.ns, event.index, event.value) for event in bench.read()
                    if event.kind == INPUT]
        interrupts = [(edge.ns, edge.line, int(edge.rising)) for edge in lines.edges()]
        assert [entry[1:] for entry in recorded] == [entry[1:] for entry in plan]
        for (asked, _, _), (happened, _, _) in zip(plan, recorded):
            assert asked <= happened <= asked + CLOCK_NS
        assert interrupts == recorded
        assert lines.get() == 1


def test_at_once_is_at_once(bench):
    with Lines([4], LINE_INPUT | RISING) as lines:
        before = now()
        bench.put(4, 1)
        events = bench.wait()
        assert [event[1:4] for event in events] == [(INPUT, 4, 1)]
        assert before < events[0].ns < before + 5 * CLOCK_NS
        assert [edge.ns for edge in lines.edges()] == [events[0].ns]


def test_only_the_edge_that_was_asked_for_interrupts(bench):
    with Lines([4], LINE_INPUT | FALLING) as lines:
        at = now() + MS
        bench.stimuli((at, 4, 1), (at + MS, 4, 1), (at + 2 * MS, 4, 0), (at + 3 * MS, 4, 0))
        events = bench.collect(0.01)
        # all four were done and recorded, one was that edge
        assert [event.value for event in events] == [1, 1, 0, 0]
        assert [(edge.ns, edge.rising) for edge in lines.edges()] == [(events[2].ns, False)]


def test_what_was_taken_back_does_not_happen(bench):
    at = now() + MS
    bench.stimuli((at, 4, 1), (at + MS, 4, 0), (at + 2 * MS, 4, 1), (at + 2 * MS, 5, 1))
    bench.cancel(4, at + MS)
    with Bench() as other:
        other.put(6, 1, at + MS)
        # neither may one file take back what is another's
        other.cancel(5)
    assert [event[1:4] for event in bench.collect(0.01)] == [(INPUT, 4, 1), (INPUT, 5, 1)]


def test_each_file_sees_everything(bench):
    with Bench() as other:
        with Lines([2], LINE_OUTPUT):
            bench.put(9, 1)
            time.sleep(0.001)
        assert bench.read() == other.read() != []


def test_a_change_of_a_pwm_is_recorded_with_its_time(bench):
    with Pwm(2) as pwm:
        for name, value, expected in (
                ("period", 50_000, (50_000, 0, 0)),
                ("polarity", "inversed", (50_000, 0, PWM_INVERSED)),
                ("polarity", "normal", (50_000, 0, 0)),
                ("duty_cycle", 12_345, (50_000, 12_345, 0)),
                ("enable", 1, (50_000, 12_345, PWM_ON)),
                ("duty_cycle", 0, (50_000, 0, PWM_ON)),
                ("enable", 0, (50_000, 0, 0))):
            time.sleep(0.001)
            before = now()
            pwm.set(name, value)
            after = now()
            events = bench.read()
            assert [(event.kind, event.index) for event in events] == [
                (PWM_PERIOD, 2), (PWM_DUTY, 2), (PWM_STATE, 2)]
            assert tuple(event.value for event in events) == expected
            assert before <= events[0].ns == events[2].ns <= after


def test_what_found_no_room_is_told_in_its_place(bench):
    more = 7
    with Lines([1], LINE_OUTPUT) as lines:
        bench.read()
        for count in range(RING + more):
            lines.set(not count % 2)
        events = bench.read(RING)
        assert len(events) == RING and all(event.kind == OUTPUT for event in events)
        assert [event[1:4] for event in bench.read()] == [(LOST, 0, more)]
        # told by what comes after it, too
        for count in range(RING + more):
            lines.set(count % 2)
        bench.read(RING // 2)
        lines.set(1)
        kept = bench.read(RING)
        assert [event.kind for event in kept[-2:]] == [LOST, OUTPUT]
        assert kept[-2].value == more and kept[-1].value == 1
        assert bench.read() == []


def test_it_refuses_what_it_does_not_know(bench):
    assert refusal(bench.put, LINES, 1) == "EINVAL"
    assert refusal(bench.stimuli, (0, 0, CANCEL + 1)) == "EINVAL"
    assert refusal(bench.stimuli, (1 << 63, 0, 1)) == "EINVAL"
    assert refusal(os.write, bench.fd, b"\0" * 15) == "EINVAL"
    assert refusal(os.read, bench.fd, 15) == "EINVAL"
    assert bench.stimuli((0, 3, 1), (0, LINES, 1)) == 1


def test_an_edge_during_suspend_interrupts_after_resume(bench):
    with open("/sys/power/pm_test", "w", encoding="ascii") as level:
        level.write("platform")
    try:
        with Lines([4], LINE_INPUT | RISING) as lines:
            at = now() + 2 * 1000 * MS
            bench.put(4, 1, at)
            with open("/sys/power/state", "w", encoding="ascii") as state:
                state.write("freeze")
            resumed = now()
            events = [event for event in bench.read() if event.kind == INPUT]
            # while the kernel waits busily, the clock goes in larger steps
            assert at <= events[0].ns <= at + MS
            edges = lines.edges(0.1)
            assert len(edges) == 1 and at + 1000 * MS < edges[0].ns < resumed
    finally:
        with open("/sys/power/pm_test", "w", encoding="ascii") as level:
            level.write("none")


def waits(bench):
    """Whether who waits on it is to be woken."""
    return bool(select.select([bench.fd], [], [], 0)[0])


def test_quiet_edges_wake_nobody_and_are_read_with_the_rest(bench):
    with Bench() as other, Lines([3, 4], LINE_OUTPUT) as lines:
        bench.collect(0.001)
        bench.quiet(3, 4)
        for level in (1, 0, 1, 0):
            lines.set(level)
        assert not waits(bench)
        assert waits(other), "they are quiet for one file only"
        lines.set(1)
        assert waits(bench), "the fifth is one too many"
        assert [event.value for event in bench.read()] == [1, 0, 1, 0, 1]
        bench.quiet(3, 4)
        lines.set(0)
        assert not waits(bench)
        lines.set(1, 1)
        assert waits(bench), "another line is none that was to be quiet"
        assert [event.index for event in bench.read()] == [3, 4]
        lines.set(1)
        assert not waits(bench), "they still are, after that"
        bench.quiet(3, 4)
        assert waits(bench), "what is there was not known when more was asked for"
        assert [event.value for event in bench.read()] == [1]


def test_quiet_is_for_a_line_of_the_board(bench):
    assert refusal(bench.quiet, 32) == "EINVAL"
