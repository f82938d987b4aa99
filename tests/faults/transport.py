# SPDX-License-Identifier: GPL-2.0-or-later
"""What differs between a play with a handpiece on USB and one on GPIO lines."""

import time

from microneedle.kind import GPIO

US = 1000
MS = 1000 * US
CLOCK_NS = 256  # what a reading of the clock costs in virtual time
OFF_ALREADY = 1  # the drive, before anything had to stop


class Usb:
    """STOP is a packet, and the handpiece obeys it by itself."""

    name = "usb"
    title = "A handpiece on USB"
    # One bus service, and the readings until a handpiece that is busy has put its stamp on it
    service_ns = 125 * US + 12 * CLOCK_NS
    run_down_ns = 100 * MS
    coast_ns = 0  # it brakes its motor itself, and begins no stroke any more
    lease_ns = 105 * MS  # the handpiece's, and its timer
    stroke_event = "stroke_begin"
    held_ms = 80  # the outcome of START is withheld for so long: START is under way
    rows_at_least = 40

    @staticmethod
    def rows():
        from table import ROWS
        return ROWS

    @staticmethod
    def rig():
        from microneedle.stack import Workstation
        return Workstation()

    @staticmethod
    def bound():
        from microneedle.stack import Workstation
        return Workstation.bound()

    def hold_start(self, play):
        play.hp.inject("late_result", ms=self.held_ms, request="start")

    @staticmethod
    def before_start(play):
        return time.monotonic_ns()

    @staticmethod
    def start_began(play, before):
        return play.hp.stats()["start"]["received_ns"] > before

    @staticmethod
    def stop_sent_ns(trace, decided_ns, _broken_ns):
        """When the handpiece obeyed it."""
        return next((event["mono_ns"] for event in trace.read("kill")
                     if event["mono_ns"] >= decided_ns and event["obeyed"]), None)

    @staticmethod
    def lease_from_ns(_decided_ns, broken_ns):
        return broken_ns

    def mend(self, play):
        """What is to be put right by hand after a play."""

    def make_ready(self, play):
        """What has to be done before it can be armed."""


class Gpio:
    """STOP is a line that is low: the board's record of its lines says when."""

    name = "gpio"
    title = "A handpiece on GPIO lines"
    service_ns = 20 * CLOCK_NS  # from the decision to the line nothing is waited for
    run_down_ns = 80 * MS
    coast_ns = 80 * MS  # the motor has no power, and comes to stand
    lease_ns = 50 * MS + 10 * US  # of the external one-shot, and the model's timer
    stroke_event = "stroke"
    rows_at_least = 45

    @staticmethod
    def rows():
        from table_gpio import ROWS
        return ROWS

    @staticmethod
    def rig():
        from panel import Panel
        return Panel()

    @staticmethod
    def bound():
        from panel import Panel
        return Panel.bound()

    def hold_start(self, play):
        """The depth stop takes its time."""

    @staticmethod
    def before_start(play):
        return play.hp.stats()["steps"]["deeper"]

    @staticmethod
    def start_began(play, before):
        return play.hp.stats()["steps"]["deeper"] > before

    @staticmethod
    def stop_sent_ns(trace, _decided_ns, broken_ns):
        """When the drive was cut: before anybody else knew. Or it was off already."""
        edges = trace.read("drive_enable")
        if edges and edges[-1]["on"]:
            return None
        falls = [edge["mono_ns"] for edge in edges
                 if not edge["on"] and edge["mono_ns"] >= broken_ns]
        return falls[0] if falls else OFF_ALREADY

    @staticmethod
    def lease_from_ns(decided_ns, broken_ns):
        return max(decided_ns, broken_ns)

    @staticmethod
    def mend(play):
        play.rig.mend()

    @staticmethod
    def make_ready(play):
        play.rig.pass_self_test(play.ctl.device)


WIRE = Gpio() if GPIO else Usb()
