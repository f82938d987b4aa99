# SPDX-License-Identifier: GPL-2.0-or-later
"""Seeded bugs, each of which the checks must find: a test that cannot fail is worth nothing."""

import sqlite3
import time

from microneedle.device import Device
from record import DATABASE


class Lie:
    """Does nothing in itself; each kind spoils one thing."""

    def records(self, records):
        """What a listener was told, before it is judged."""

    def act(self, player):
        """At the end of a stretch, before all is put right."""


class LostStroke(Lie):
    """A stroke is not told."""

    def records(self, records):
        strokes = [record for record in records if record.kind == "stroke"]
        if len(strokes) > 2:
            lost = records.index(strokes[len(strokes) // 2])
            del records[lost]
            # So that its number in the queue does not betray it
            for record in records[lost:]:
                record.seq -= 1


class LostFault(Lie):
    """No fault is told that a stroke or a status showed."""

    def records(self, records):
        records[:] = [record for record in records if record.kind != "fault"]
        for number, record in enumerate(records):
            record.seq = records[0].seq + number


class InARun(Lie):
    """The handpiece does something wrong in a run, and nobody said that it would."""

    def act(self, player):
        player.put_right()
        player.hp.inject(self.fault, **self.parameters)
        player.open_and_run(lambda: time.sleep(0.3), hold_s=0.3)
        player.hp.clear_injections()


class TooDeep(InARun):
    fault = "overshoot"
    parameters = {"um": 300, "after_strokes": 5}


class NoStop(InARun):
    fault = "ignore_stop"
    parameters = {"where": "any"}


class Moves(Lie):
    """It moves by itself, and nobody said that it would."""

    def act(self, player):
        player.put_right()
        player.hp.inject("unexpected_motion").wait(1000)


class ForgedRecord(Lie):
    """Somebody writes another depth into the record."""

    def act(self, player):
        player.put_right()
        player.arm_again()
        with sqlite3.connect(DATABASE) as database:
            database.execute(
                "UPDATE stroke SET depth_um = depth_um + 1 WHERE (session_id, position) = (SELECT "
                "session_id, position FROM stroke ORDER BY session_id DESC, position DESC LIMIT 1)")


class OpenFile(Lie):
    """A file of the device is never closed."""

    def act(self, player):
        player.put_right()
        Device.open_files.discard(Device())


LIES = {"stroke": LostStroke, "fault": LostFault, "depth": TooDeep, "stop": NoStop,
        "motion": Moves, "record": ForgedRecord, "file": OpenFile}
