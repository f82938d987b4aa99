# SPDX-License-Identifier: GPL-2.0-or-later
"""Random treatment in the guest: soak.py --seed N --minutes M [--lie NAME]."""

import argparse
import os
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "system")]

import lies  # noqa: E402
from growth import Growth  # noqa: E402
from journal import Journal  # noqa: E402
from judge import Stretch, Wrong, judge, seconds  # noqa: E402
from listener import Listener, Trace  # noqa: E402
from microneedle import stack  # noqa: E402
from player import Player  # noqa: E402
from record import Record  # noqa: E402

STRETCH_S = 25
# Fewer would mean that nothing was tried
STROKES_A_MINUTE = 200
LONG_MINUTES = 5


class Soak:
    def __init__(self, seed, lie, log):
        self.seed = seed
        self.lie = lie
        self.station = stack.Workstation()
        self.journal = Journal()
        self.listener = Listener(lie.records if lie else None)
        self.player = Player(seed, self.station, self.listener, self.journal, log)
        self.record = Record()
        self.growth = Growth()
        self.trace = None
        self.since = 0
        self.strokes = 0
        self.latched = 0
        self.acted = 0
        self.injected = 0

    def start(self):
        self.station.start_handpiece(seed=self.seed)
        self.station.daemon.start()
        self.listener.start()
        self.new_handpiece()

    def new_handpiece(self):
        """Its process knows so many cartridges and no more."""
        if self.trace:
            self.trace.close()
            os.unlink(self.station.hp.trace)
            self.player.write("another handpiece")
            self.station.start_handpiece(seed=self.seed)
        self.player.hp = self.station.hp
        self.player.wait_listener()
        self.trace = Trace(self.station.hp)
        self.begin()

    def begin(self):
        self.since = time.monotonic_ns()
        self.journal.forget()

    def run(self, minutes):
        end = time.monotonic() + minutes * 60
        while time.monotonic() < end:
            self.player.play(min(time.monotonic() + STRETCH_S, end))
            if self.lie:
                self.lie.act(self.player)
            self.player.put_right()
            self.player.arm_again()
            self.judge()
            if self.player.handpiece_is_full():
                self.new_handpiece()
        if minutes >= LONG_MINUTES and not self.latched:
            raise Wrong("no fault that was injected had to latch: it broke nothing")
        if self.strokes < STROKES_A_MINUTE * minutes:
            raise Wrong(f"{self.strokes} strokes in {minutes} minutes: it did nothing")

    def judge(self):
        stretch = Stretch(self.since, time.monotonic_ns(), self.listener.take(),
                          self.trace.take(), self.journal)
        strokes, latched = judge(stretch)
        self.player.check_records(self.record.check(stretch))
        self.growth.look(self.station.daemon.pid)
        self.strokes += strokes
        self.latched += latched
        self.injected += len(self.journal.injected)
        self.acted += sum(i.effect_ns is not None for i in self.journal.injected)
        self.player.write(f"judged from {seconds(self.since)}: {strokes} strokes, "
                          f"{self.growth.points[-1]}")
        self.begin()

    def end(self):
        self.listener.end()
        self.station.daemon.stop()
        self.station.stop_handpiece()
        stack.unload_driver()

    def summary(self):
        point = self.growth.points[-1] if self.growth.points else {}
        return (f"{time.monotonic() / 60:.1f} virtual minutes, {sum(self.player.count.values())} "
                f"actions, {self.strokes} strokes, {self.record.sessions} sessions with "
                f"{self.record.strokes} strokes in {self.record.seq} events, "
                f"{self.injected} faults injected, {self.acted} acted, {self.latched} had to latch "
                f"and did, daemon {point.get('daemon_kib')} KiB")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--lie", choices=sorted(lies.LIES))
    options = parser.parse_args()
    path = os.path.join(os.environ["MN_OUT"], "actions.log")
    with open(path, "w", encoding="utf-8", buffering=1) as log:
        log.write(f"seed {options.seed}, {options.minutes:g} minutes, lie {options.lie}\n")
        soak = Soak(options.seed, lies.LIES[options.lie]() if options.lie else None, log)
        try:
            soak.start()
            soak.run(options.minutes)
            soak.end()
        except Exception as error:
            traceback.print_exc(file=log)
            print("\n".join(soak.player.last))
            if not isinstance(error, Wrong):
                traceback.print_exc(limit=-5, file=sys.stdout)
            print(f"seed {options.seed} at {time.monotonic():.6f}: WRONG: {error}", flush=True)
            # What still runs would wait for what does not come
            os._exit(1)
        for name, count in sorted(soak.player.count.items()):
            log.write(f"{count:6d} {name}\n")
        print(f"seed {options.seed}: {soak.summary()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
