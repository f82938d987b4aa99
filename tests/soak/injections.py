# SPDX-License-Identifier: GPL-2.0-or-later
"""The faults that are injected: what must be latched once one acted, and when it need not be."""

from dataclasses import dataclass, field

from microneedle.stack import HandpieceError

MS = 1000000


@dataclass(frozen=True)
class Kind:
    """One fault of the handpiece's list.

    when: stroke   a stroke shows it, whatever the state
          told     a status shows it, whatever the state
          running  it shows if the needles run on for so long
          active   it shows if it is armed or runs for so long
          next     it shows with the next stroke that is told
          second   it shows with the next stroke of the same run
          same     it shows once 32 strokes have told one depth
          stopped  it shows after the next stop
          never    it need not latch anything
    """

    name: str
    fault: str
    codes: tuple
    when: str
    bound_ms: float = 5
    params: dict = field(default_factory=dict)
    spoils: tuple = ()  # what need not hold while it acts: told, stop, home, motion, status, answer
    weight: float = 1
    also: tuple = ()  # what may be latched of it besides


def kind(name, codes, when, bound_ms=5.0, spoils=(), weight=1.0, fault=None, also=(),
         **params):
    codes = (codes,) if isinstance(codes, str) else codes
    if "told" in spoils:
        # The next stroke that is told does not follow the last
        also += ("SEQUENCE",)
    if "home" in spoils:
        also += ("UNEXPECTED_MOTION",)
    return Kind(name, fault or name, codes, when, bound_ms, params, spoils, weight, also)


GONE = ("UNPLUGGED", "TRANSPORT", "HANDPIECE_LEASE", "NOT_HOME")

KINDS = (
    kind("overshoot", "OVER_DEPTH", "stroke", um=300, weight=2),
    kind("overshoot that the handpiece notices", "OVER_DEPTH", "stroke", fault="overshoot",
         um=300, own=True),
    kind("depth beyond belief", "MEASUREMENT", "stroke", fault="frozen_depth", um=20000),
    kind("frozen_depth", "DEPTH_FROZEN", "same"),
    kind("depth missing", "MEASUREMENT", "stroke", fault="missing_measurement", which="depth"),
    kind("rate missing", "MEASUREMENT", "second", fault="missing_measurement", which="rate"),
    kind("current missing", "MEASUREMENT", "stroke", fault="missing_measurement",
         which="current"),
    kind("temperature missing", "OVER_TEMPERATURE", "told", fault="missing_measurement",
         which="temperature"),
    kind("runaway", "OVER_RATE", "running", 300),
    kind("slow", "UNDER_RATE", "running", 700),
    kind("over_current", "OVER_CURRENT", "stroke", ma=2001),
    kind("report_gap", "SEQUENCE", "stroke", spoils=("told",)),
    kind("report_repeat", "SEQUENCE", "stroke"),
    kind("report_late", ("BACKLOG", "STROKE_SILENCE"), "stroke", 10, ms=60),
    kind("stroke_silence", "STROKE_SILENCE", "running", 301, spoils=("told",)),
    # That the needles are home is not told, either
    kind("status_silence", "STATUS_SILENCE", "active", 301, spoils=("status",),
         also=("NOT_HOME",)),
    kind("stall", "STROKE_SILENCE", "running", 301, spoils=("told",), also=("BACKLOG",)),
    kind("stall that the handpiece notices", ("UNDER_RATE", "STROKE_SILENCE"), "running", 301,
         fault="stall", own=True, spoils=("told",), also=("BACKLOG",)),
    kind("malformed strokes", "PROTOCOL", "stroke", fault="malformed", which="strokes",
         how="value", spoils=("told",)),
    kind("short strokes", "PROTOCOL", "stroke", fault="malformed", which="strokes", how="short",
         spoils=("told",)),
    kind("malformed status", "PROTOCOL", "told", fault="malformed", which="status", how="value"),
    kind("status of another version", "PROTOCOL", "told", fault="malformed", which="status",
         how="version"),
    kind("malformed result", "PROTOCOL", "told", fault="malformed", which="result", how="value",
         spoils=("answer",)),
    kind("malformed tag", ("PROTOCOL", "CARTRIDGE"), "told", fault="malformed",
         which="cartridge", how="version", spoils=("answer",)),
    kind("bad_crc", "CARTRIDGE", "never", spoils=("answer",)),
    kind("over_temperature", "OVER_TEMPERATURE", "told", mc=60001),
    kind("self_test_fail", "SELF_TEST", "told"),
    kind("its own fault", "HANDPIECE", "told", fault="nv_fault", mask=1 << 9),
    kind("its own sensor", "MEASUREMENT", "told", fault="nv_fault", mask=1 << 8),
    kind("not_home", "NOT_HOME", "stopped", 106, spoils=("home",)),
    kind("home missing", "NOT_HOME", "stopped", 106, fault="missing_measurement", which="home"),
    kind("renewals that do not reach it", "HANDPIECE_LEASE", "running", 110,
         fault="ignore_lease", how="renewals", spoils=("answer",)),
    kind("STOP ignored on its endpoint", ("HANDPIECE_LEASE", "NOT_HOME"), "moving", 106,
         fault="ignore_stop", where="kill", spoils=("stop", "home")),
    kind("STOP not taken", ("HANDPIECE_LEASE", "NOT_HOME", "TRANSPORT"), "never", 110,
         fault="ignore_stop", how="nak", where="kill", spoils=("stop", "home")),
    kind("STOP ignored on every way", ("HANDPIECE_LEASE", "NOT_HOME", "TRANSPORT"), "moving",
         106, fault="ignore_stop", where="any", spoils=("stop", "home")),
    kind("reject_start", (), "never", spoils=("answer",)),
    kind("START decided too late", "TRANSPORT", "running", 130, fault="late_result", ms=200,
         request="start", spoils=("answer",)),
    kind("mark decided too late", "TRANSPORT", "never", fault="late_result", ms=300,
         request="mark", spoils=("answer",)),
    kind("unexpected_motion", "UNEXPECTED_MOTION", "told", 150, spoils=("stop", "motion"),
         also=("OVER_DEPTH", "OVER_DOSE", "OVER_RATE", "CARTRIDGE")),
    kind("gone at a stroke", GONE, "never", fault="disconnect_at", step="running"),
    kind("gone at START", GONE, "never", fault="disconnect_at", step="start"),
    kind("gone at STOP", GONE, "never", fault="disconnect_at", step="stop"),
    kind("gone at the mark", GONE, "never", fault="disconnect_at", step="mark"),
)


class Injected:
    """A fault that was asked for: when, when it first acted, and when it was ended."""

    def __init__(self, what, shot, asked_ns):
        self.kind = what
        self.shot = shot
        self.asked_ns = asked_ns
        self.effect_ns = None
        self.ended_ns = None

    def look(self):
        """Ask the handpiece whether it acted."""
        if self.effect_ns is None:
            try:
                self.effect_ns = self.shot.wait(0)["mono_ns"]
            except HandpieceError:
                pass

    def spoils(self, what, at_ns, after_ns=0):
        """Whether it may have had this effect at that time."""
        return what in self.kind.spoils and self.asked_ns <= at_ns and (
            self.ended_ns is None or at_ns <= self.ended_ns + after_ns)
