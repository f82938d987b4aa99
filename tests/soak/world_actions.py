# SPDX-License-Identifier: GPL-2.0-or-later
"""What happens to the handpiece and to the workstation."""

import errno
import os
import signal
import sys
import time

from actions import action
from injections import KINDS, Injected
from judge import MS, Wrong
from microneedle import abi, bus
from microneedle.stack import CARTRIDGES
from microneedle.wait import until

sys.path.append(os.path.join(abi.CHECKOUT, "tests", "faults"))
import host  # noqa: E402


class WorldActions:
    """Foot, cartridge, cable, power, faults; the daemon's life."""

    # ---- the foot ----

    @action(lambda p: not p.foot and (12 if p.state == "ARMED" else .5))
    def press(self):
        # A press counts after 100 ms of released; not every foot waits
        wait = self.random.choice((0.12, 0.12, 0.12, 0.05))
        self.say(f"press after {wait}")
        time.sleep(wait)
        self.foot = True
        self.hp.set("foot_switch", True)
        time.sleep(0.05)

    @action(lambda p: p.foot and (2 if p.state == "RUNNING" else 10))
    def let_go(self):
        self.say("let_go")
        self.foot = False
        self.hp.set("foot_switch", False)

    @action(lambda p: .2)
    def bounce(self):
        self.say("bounce")
        self.foot = not self.foot
        bounce_ms = self.random.randrange(1, 20)
        # Until then it is what it happens to be, and a millisecond later that is told
        self.settled_ns = time.monotonic_ns() + (bounce_ms + 1) * MS
        self.hp.set("foot_switch", self.foot, bounce_ms=bounce_ms, edges=6)

    @action(lambda p: 25 if p.state == "RUNNING" else .5)
    def wait(self):
        most_s = (0.02, 0.5, 2, 5) if self.state == "RUNNING" else (0.02, 0.1, 0.5)
        for_s = self.random.choice(most_s) * self.random.random()
        self.say(f"wait {for_s:.3f}")
        time.sleep(for_s)

    @action(lambda p: .3)
    def skin(self):
        name = self.random.choice(("forehead", "cheek", "crows_feet", "air"))
        load = self.random.randrange(1001)
        self.say(f"skin {name} {load}")
        self.hp.skin(name, load)

    # ---- interlocks ----

    @action(lambda p: p.estop and 7 or .35)
    def emergency_stop(self):
        self.estop = not self.estop
        self.say(f"emergency_stop {self.estop}")
        if self.estop:
            self.reason("EMERGENCY_STOP")
        pressed_ns = time.monotonic_ns()
        self.hp.set("emergency_stop", self.estop)
        if self.estop and self.present():
            time.sleep(0.002)
            if self.look() in ("ARMED", "RUNNING") and not self.spoilt("status"):
                raise Wrong(f"emergency stop pressed at {pressed_ns}, and it is {self.state}")

    @action(lambda p: p.station.cartridges < CARTRIDGES and (
        9 if p.state == "SAFE" and not p.good_cartridge else .2))
    def new_cartridge(self):
        what = self.random.choice((
            {}, {}, {}, {}, {"needle_um": self.random.randrange(20, 251) * 10},
            {"needles": self.random.choice((12, 36))}, {"expiry_days": -1}, {"corrupt": True},
            {"max_strokes": 200}))
        self.say(f"new_cartridge {what}")
        self.reason("CARTRIDGE")
        if self.hp.state()["cartridge"]["present"]:
            self.hp.remove()
        self.hp.insert(uid=self.station.new_uid(), **what)
        self.station.cartridges += 1
        self.good_cartridge = not {"expiry_days", "corrupt"} & set(what)
        self.used_cartridge = False
        self.needle_um = what.get("needle_um", 1500)
        time.sleep(0.05)

    @action(lambda p: .25)
    def pull_cartridge(self):
        """And perhaps put it in again, used as it is."""
        again = self.random.random() < 0.5
        self.say(f"pull_cartridge again {again}")
        self.reason("CARTRIDGE")
        self.good_cartridge = False
        cartridge = self.hp.state()["cartridge"]
        if not cartridge["present"]:
            return
        self.hp.remove()
        if again:
            time.sleep(self.random.choice((0, 0.3)))
            self.hp.insert(uid=cartridge["uid"])

    @action(lambda p: .1)
    def read_error(self):
        self.say("read_error")
        if self.hp.state()["cartridge"]["present"]:
            self.good_cartridge = False
            self.hp.read_error()

    # ---- cable and power ----

    @action(lambda p: p.present() and .3)
    def unplug(self):
        self.say("unplug")
        self.reason("UNPLUGGED", "HANDPIECE_LEASE", "NOT_HOME", "TRANSPORT")
        self.good_cartridge = False
        self.station.unplug()

    @action(lambda p: not p.present() and 8)
    def plug(self):
        self.say("plug")
        self.plug_in()

    def plug_in(self):
        self.undo_unbind()
        if self.hp.state()["plugged"] and not os.path.exists(self.node()):
            self.hp.unplug()
            time.sleep(0.2)
        if not self.hp.state()["plugged"]:
            self.hp.plug()
        self.wait_comes()

    def wait_comes(self):
        """One that says wrong things when it comes is no device."""
        if self.injected:
            time.sleep(1.5)
            if not os.path.exists(self.node()):
                self.answered("refused")
                return
        self.station.wait_node()
        self.wait_listener()

    @action(lambda p: p.present() and .15)
    def power_cycle(self):
        away = self.random.choice(({}, {"disconnect_ms": 200}))
        self.say(f"power_cycle {away}")
        self.good_cartridge = False
        self.reason("HANDPIECE_RESTART", "UNPLUGGED", "HANDPIECE_LEASE", "NOT_HOME", "TRANSPORT")
        self.hp.power_cycle(**away)
        if away:
            self.station.wait_no_node()
            self.wait_comes()

    @action(lambda p: p.present() and .1)
    def unbind(self):
        self.say("unbind")
        self.good_cartridge = False
        self.reason("UNPLUGGED", "HANDPIECE_LEASE", "NOT_HOME", "TRANSPORT")
        self.journal.lost_bus()
        self.unbound = True
        host.unbind()
        self.station.wait_no_node()

    def undo_unbind(self):
        if not self.unbound:
            return
        self.unbound = False
        try:
            host.bind()
        except OSError as error:
            if not self.injected:
                raise
            self.answered(errno.errorcode[error.errno])

    @action(lambda p: p.present() and .1)
    def bus_reset(self):
        self.say("bus_reset")
        self.good_cartridge = False
        self.reason("UNPLUGGED", "HANDPIECE_LEASE", "NOT_HOME", "TRANSPORT")
        self.journal.lost_bus()
        try:
            bus.reset()
        except OSError as error:
            # One that leaves at the STOP before it
            if not self.injected:
                raise
            self.answered(errno.errorcode[error.errno])

    # ---- faults ----

    @action(lambda p: not p.injected and (3 if p.state in ("ARMED", "RUNNING") else .6))
    def inject(self):
        kind = self.random.choices(KINDS, [kind.weight for kind in KINDS])[0]
        when = self.random.choice(({}, {}, {"after_strokes": self.random.randrange(1, 30)},
                                   {"in_ms": self.random.randrange(1, 300)}))
        self.say(f"inject {kind.name} {when}")
        asked_ns = time.monotonic_ns()
        self.injected = Injected(kind, self.hp.inject(kind.fault, **kind.params, **when), asked_ns)
        self.journal.injected.append(self.injected)

    @action(lambda p: p.injected and (2 if p.state == "FAULT" else .4))
    def end_injection(self):
        self.say("end_injection")
        self.clear_injection()

    def clear_injection(self):
        """Long enough after it acted that what must be seen of it can be seen."""
        if not self.injected:
            return
        self.injected.look()
        self.injected.ended_ns = time.monotonic_ns()
        self.hp.clear_injections()
        name = self.injected.kind.name
        acted = self.injected.effect_ns
        self.answered("never acted" if acted is None else f"{name} acted at {acted / 1e9:.6f}")
        self.injected = None

    def spoilt(self, what):
        now = time.monotonic_ns()
        return any(injected.spoils(what, now, 400 * MS) for injected in self.journal.injected)

    # ---- the daemon ----

    @action(lambda p: p.with_daemon() and .12)
    def kill_daemon(self):
        self.say("kill_daemon")
        self.reason("CONTROLLER_LOST")
        self.journal.killed_daemon()
        self.station.daemon.kill()
        self.forget_session()

    @action(lambda p: not p.with_daemon() and 6)
    def start_daemon(self):
        self.say("start_daemon")
        self.start_the_daemon()

    def start_the_daemon(self):
        self.station.daemon.start()
        if self.present():
            self.wait_daemon()

    @action(lambda p: p.with_daemon() and .08)
    def end_daemon(self):
        self.say("end_daemon")
        self.reason("CONTROLLER_LOST")
        status = self.station.daemon.stop()
        if status:
            raise Wrong(f"the daemon ended with status {status}")
        self.forget_session()

    @action(lambda p: p.with_daemon() and .2)
    def freeze_daemon(self):
        for_s = self.random.choice((0.05, 0.25, 0.35, 1.5))
        self.say(f"freeze_daemon {for_s}")
        self.reason("LEASE")
        self.station.daemon.signal(signal.SIGSTOP)
        time.sleep(for_s)
        if for_s > 0.31 and self.session and not self.direct:
            self.must_stand()
        self.station.daemon.signal(signal.SIGCONT)

    def forget_session(self):
        self.session = None
        if self.owner:
            self.owner.close()
            self.owner = None

    def wait_listener(self):
        until("the listener", lambda: self.listener.current and self.listener.error is None, 3)
