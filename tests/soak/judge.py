# SPDX-License-Identifier: GPL-2.0-or-later
"""What must hold of a stretch of time: what the driver told, held against what the handpiece saw.

Times are CLOCK_MONOTONIC nanoseconds, which both read from one kernel.
"""

import bisect

from microneedle import abi

US = 1000
MS = 1000 * US
SERVICE_NS = 300 * US  # a bus service, and the readings of the clock around it
RUN_DOWN_NS = 80 * MS
LEASE_NS = 106 * MS
BACKLOG_NS = 50 * MS
LONGEST_NS = 60 * MS  # a stroke, at the lowest rate
TOLERANCE_UM = 100
FROZEN_STROKES = 32
LOOSE_BEFORE_NS = 10 * MS
LOOSE_AFTER_NS = 400 * MS
LOST_BUS = ("usb_disable", "usb_unbind", "disconnect", "power_cycle")

SAFE, ARMED, RUNNING, FAULT = (abi.MN_STATE_SAFE, abi.MN_STATE_ARMED, abi.MN_STATE_RUNNING,
                               abi.MN_STATE_FAULT)


class Wrong(Exception):
    """Something that must hold does not."""


def seconds(ns):
    return f"{ns / 1e9:.6f}"


def fault_name(code):
    return abi.name_of("FAULT", code)


class Times:
    """Items by time, oldest first."""

    def __init__(self, items):
        self.items = sorted(items, key=lambda item: item[0])
        self.keys = [item[0] for item in self.items]

    def between(self, first, last):
        return self.items[bisect.bisect_left(self.keys, first):
                          bisect.bisect_right(self.keys, last)]

    def last_before(self, at):
        """The last one not after that time."""
        position = bisect.bisect_right(self.keys, at)
        return self.items[position - 1] if position else None


class Stretch:
    """Everything about the time from one quiet moment to the next."""

    def __init__(self, began, ended, attachments, events, journal):
        self.began = began
        self.ended = ended
        self.attachments = attachments
        self.events = events
        self.journal = journal  # what the player did: injected, set points, reasons, breaks
        self.spans = []  # (from, to, state)
        self.faults = []  # (time, code, state in which)
        self.masks = []  # (time, mask from then on)
        self.cleared = []
        self.strokes = []  # (time, record, attachment's number)
        for number, attachment in enumerate(attachments):
            self.add(number, attachment)
        self.strokes.sort(key=lambda item: (item[2], item[1].seq))
        self.mask_times = Times(self.masks)
        self.stroke_times = Times([(r.mono_ns, r) for _, r, _ in self.strokes])
        breaks = [event["mono_ns"] for event in events if event["ev"] in LOST_BUS]
        self.breaks = sorted(breaks + journal.breaks)
        self.motion = Times([(event["mono_ns"], event["ev"]) for event in events
                             if event["ev"] in ("stroke_begin", "home", "power_cycle")])
        self.cycles = [at for at, what in self.motion.items if what == "power_cycle"]
        self.homes = Times([(event["mono_ns"], None) for event in events if event["ev"] in
                            ("home", "power_cycle")])

    def add(self, number, attachment):
        state, since, mask = attachment.state, attachment.began, attachment.faults
        self.masks.append((since, mask))
        for record in attachment.records:
            if record.kind == "state":
                self.spans.append((since, record.mono_ns, state))
                state, since = record.to, record.mono_ns
            elif record.kind == "fault":
                self.faults.append((record.mono_ns, record.code, record.state))
                mask |= 1 << record.code
                self.masks.append((record.mono_ns, mask))
            elif record.kind == "cleared":
                mask = record.remaining
                self.masks.append((record.mono_ns, mask))
                self.cleared.append(record.mono_ns)
            elif record.kind == "stroke":
                self.strokes.append((record.mono_ns, record, number))
        self.spans.append((since, attachment.ended or self.ended, state))

    # ---- asked by the checks ----

    def key(self, at, number):
        """A stroke's number counts since power-on."""
        return bisect.bisect_right(self.cycles, at), number

    def loose(self, at, after_ns=LOOSE_AFTER_NS):
        """Whether the handpiece was off the bus, or just about."""
        if any(lost - LOOSE_BEFORE_NS <= at <= lost + after_ns for lost in self.breaks):
            return True
        return not any(a.began <= at <= (a.ended or self.ended) for a in self.attachments)

    def steady(self, first, last):
        """Whether one attachment lasted from the first to the last of these times."""
        if any(first <= lost + LOOSE_AFTER_NS and lost - LOOSE_BEFORE_NS <= last
               for lost in self.breaks):
            return False
        return any(a.began <= first and last <= (a.ended or self.ended)
                   for a in self.attachments)

    def throughout(self, first, last, *states):
        """Whether it was in one of these states all the time."""
        inside = [span for span in self.spans if span[1] > first and span[0] <= last]
        return bool(inside) and all(span[2] in states for span in inside)

    def spoilt(self, what, at, after_ns=0):
        return any(injected.spoils(what, at, after_ns) for injected in self.journal.injected)

    def mask_at(self, at):
        last = self.mask_times.last_before(at)
        return last[1] if last else 0


def wrong(text):
    raise Wrong(text)


# ---- nothing is lost on the way to a listener ----

def sequence(stretch):
    """The listener kept up: every record that was posted to it is there."""
    for attachment in stretch.attachments:
        expected = None
        for record in attachment.records:
            if record.kind == "overrun":
                wrong(f"{seconds(record.mono_ns)}: {record.lost} records were lost to a listener "
                      "that kept up")
            if expected is not None and record.seq != expected:
                wrong(f"{seconds(record.mono_ns)}: record {record.seq} came where {expected} "
                      "was next")
            expected = record.seq + 1 & 0xffffffff


def delivery(stretch):
    """What the handpiece handed to the host is what listeners were told, one for one."""
    sent = []
    for event in stretch.events:
        if event["ev"] == "report_completed":
            # Several in a packet are told by the first; those after it may be the same again
            sent += [(event["mono_ns"], event["number"], i) for i in range(event["count"])]
    told = [(record.mono_ns, record.number) for _, record, _ in stretch.strokes]
    position = 0
    for at, number, more in sent:
        if (position < len(told) and number <= told[position][1] <= number + more and
                abs(told[position][0] - at) < 5 * MS):
            position += 1
        elif not (stretch.loose(at) or stretch.spoilt("told", at, 5 * MS)):
            got = told[position] if position < len(told) else "nothing"
            wrong(f"{seconds(at)}: stroke {number + more} was handed to the host, and the "
                  f"listener got {got}")
    if position < len(told):
        at, number = told[position]
        wrong(f"{seconds(at)}: the listener got stroke {number}, which the handpiece did not send")


def told_all(stretch):
    """Each stroke that the handpiece began was told, with the figures that it measured."""
    numbers, reported = {}, {}
    for event in stretch.events:
        if event["ev"] == "stroke_begin":
            numbers[stretch.key(event["mono_ns"], event["number"])] = event
        elif event["ev"] == "stroke":
            reported[stretch.key(event["mono_ns"], event["number"])] = event
    told = {stretch.key(record.mono_ns, record.number): record for _, record, _ in stretch.strokes}
    for key, event in numbers.items():
        at = event["mono_ns"]
        record = told.get(key)
        if record is None:
            if not (stretch.loose(at) or stretch.loose(at + LONGEST_NS) or
                    stretch.spoilt("told", at, 5 * MS) or
                    stretch.spoilt("told", at + LONGEST_NS)):
                wrong(f"{seconds(at)}: stroke {event['number']} was made and not told")
            continue
        figures = reported.get(key)
        if figures and any(getattr(record, name) != figures[name]
                           for name in ("depth_um", "period_us", "current_ma")):
            wrong(f"{seconds(at)}: stroke {event['number']} was measured as {figures} and told "
                  f"as {record}")
    for key, record in told.items():
        if key not in numbers:
            wrong(f"{seconds(record.mono_ns)}: stroke {record.number} was told and not made")
    return len(numbers)


# ---- depth ----

def depth(stretch):
    """No stroke is set deeper than was granted; one measured beyond its limit is a fault."""
    set_um = {}
    for event in stretch.events:
        if event["ev"] != "stroke_begin":
            continue
        at = event["mono_ns"]
        set_um[stretch.key(at, event["number"])] = event["set_um"]
        if stretch.spoilt("motion", at):
            continue
        granted = stretch.journal.granted_um(at)
        if event["set_um"] > granted:
            wrong(f"{seconds(at)}: a stroke set to {event['set_um']} um, {granted} um were granted")
    for _, record, _ in stretch.strokes:
        at = record.mono_ns
        bound = set_um.get(stretch.key(at, record.number), 0)
        if record.depth_um <= bound + TOLERANCE_UM:
            continue
        if not stretch.mask_at(at) & (abi.bit("OVER_DEPTH") | abi.bit("MEASUREMENT")):
            wrong(f"{seconds(at)}: a stroke of {record.depth_um} um, set were {bound} um, and no "
                  "fault is latched")
        if not any(i.kind.fault in ("overshoot", "frozen_depth", "missing_measurement") and
                   i.asked_ns <= at and (i.ended_ns is None or at <= i.ended_ns + LONGEST_NS)
                   for i in stretch.journal.injected):
            wrong(f"{seconds(at)}: a stroke of {record.depth_um} um, set were {bound} um, which "
                  "nobody injected")


# ---- motion ----

def motion(stretch):
    """Needles move while RUNNING, and until the stroke under way is over."""
    running = [(a, b) for a, b, state in stretch.spans if state == RUNNING]
    starts = [a for a, _ in running]

    def allowed(at, after_ns):
        position = bisect.bisect_right(starts, at) - 1
        return position >= 0 and at <= running[position][1] + after_ns

    for event in stretch.events:
        at = event["mono_ns"]
        if event["ev"] != "stroke_begin" or allowed(at, SERVICE_NS):
            continue
        if not (stretch.spoilt("motion", at, RUN_DOWN_NS) or
                stretch.spoilt("stop", at, LEASE_NS) or
                stretch.loose(at, LEASE_NS)):
            wrong(f"{seconds(at)}: stroke {event['number']} began and nothing was running")
    for _, record, _ in stretch.strokes:
        at = record.mono_ns
        if allowed(at, RUN_DOWN_NS + BACKLOG_NS + 20 * MS):
            continue
        if not (stretch.spoilt("motion", at, RUN_DOWN_NS) or
                stretch.spoilt("stop", at, LEASE_NS + RUN_DOWN_NS) or stretch.loose(at)):
            wrong(f"{seconds(at)}: stroke {record.number} was told and nothing was running")
        if stretch.spoilt("motion", at, RUN_DOWN_NS) and not stretch.mask_at(at):
            wrong(f"{seconds(at)}: stroke {record.number} was no reason for a fault")


def home(stretch):
    """After each stop the needles are home within the run-down time."""
    for _, at, state in stretch.spans:
        if state != RUNNING or at >= stretch.ended:
            continue
        last = stretch.motion.last_before(at + SERVICE_NS)
        if not last or last[1] != "stroke_begin":
            continue
        bound = RUN_DOWN_NS + SERVICE_NS
        if stretch.loose(at) or stretch.spoilt("stop", at):
            bound += LEASE_NS
        if stretch.homes.between(last[0], at + bound):
            continue
        if not stretch.spoilt("home", at):
            wrong(f"{seconds(at)}: stopped, and not home {bound / MS:.1f} ms after it")


def emergency_stop(stretch):
    """No stroke begins while the emergency stop is pressed."""
    pressed = stretch.journal.pressed_before
    for event in stretch.events:
        if event["ev"] == "input" and event["input"] == "emergency_stop":
            pressed = event["value"]
        elif event["ev"] == "stroke_begin" and pressed:
            if not stretch.spoilt("motion", event["mono_ns"], RUN_DOWN_NS):
                wrong(f"{seconds(event['mono_ns'])}: stroke {event['number']} began with the "
                      "emergency stop pressed")
    stretch.journal.pressed_before = pressed


# ---- faults ----

def codes_of(names):
    return [abi.CONSTANTS[f"MN_FAULT_{name}"] for name in names]


def must_latch(stretch, injected):
    """The time by which it must be latched, or None where it need not."""
    kind, at = injected.kind, injected.effect_ns
    due = at + int(kind.bound_ms * MS)
    ended = injected.ended_ns
    when = kind.when
    if when in ("running", "active") and due > ended:
        return None
    if when == "running" and not stretch.throughout(at, due, RUNNING):
        return None
    if when == "active" and not stretch.throughout(at, due, ARMED, RUNNING):
        return None
    if when == "moving" and not stretch.throughout(at, at, RUNNING):
        return None
    if when == "second":
        later = [time for time, record in stretch.stroke_times.between(at, ended)
                 if not record.period_us]
        if len(later) < 2 or not stretch.throughout(at, later[1], RUNNING):
            return None
        due = later[1]
    if when == "same":
        strokes = stretch.stroke_times.between(at, ended)
        if len(strokes) <= FROZEN_STROKES:
            return None
        due = strokes[FROZEN_STROKES][0]
        if any(at <= cleared <= due for cleared in stretch.cleared):
            return None
    if when == "stopped":
        stops = [b for _, b, state in stretch.spans if state == RUNNING and b >= at - RUN_DOWN_NS]
        if not stops:
            return None
        due = max(at, stops[0]) + int(kind.bound_ms * MS)
        if due > ended:
            return None
    if when == "never" or not stretch.steady(at, due):
        return None
    return due


def injected_faults(stretch):
    """Each fault that took effect was latched in time, or there is a reason why not."""
    latched = 0
    for injected in stretch.journal.injected:
        if injected.effect_ns is None or not injected.kind.codes:
            continue
        due = must_latch(stretch, injected)
        codes = codes_of(injected.kind.codes)
        if due is None:
            continue
        at = injected.effect_ns
        if not any(stretch.mask_at(due + MS) >> code & 1 or any(
                at - MS <= time <= due + MS and other == code
                for time, other, _ in stretch.faults) for code in codes):
            wrong(f"{seconds(at)}: {injected.kind.name} took effect, and "
                  f"{' or '.join(injected.kind.codes)} was not latched by {seconds(due)}; "
                  f"latched were {[(seconds(t), fault_name(c)) for t, c, _ in stretch.faults]}")
        latched += 1
    return latched


def reasons(stretch):
    """No fault is latched for which there is no reason."""
    for at, code, _ in stretch.faults:
        name = fault_name(code)
        if any(name in injected.kind.codes + injected.kind.also and injected.asked_ns <= at
               for injected in stretch.journal.injected):
            continue
        if any(name in names and done <= at for done, names in stretch.journal.reasons):
            continue
        wrong(f"{seconds(at)}: {name} was latched for no reason")


CHECKS = (sequence, delivery, depth, motion, home, emergency_stop, reasons)


def judge(stretch):
    """(strokes, faults latched as they had to be); raises Wrong."""
    for check in CHECKS:
        check(stretch)
    return told_all(stretch), injected_faults(stretch)
