# SPDX-License-Identifier: GPL-2.0-or-later
"""The player: an operator, a program and the world in one, who do what a seed tells them."""

import collections
import os
import random
import time

from actions import actions_of, choose
from direct_actions import DirectActions
from judge import Wrong
from microneedle import abi
from microneedle.device import NODE, Device
from microneedle.people import AUDITOR, OPERATOR, SERVICE
from microneedle.rpc import Client
from microneedle.stack import CARTRIDGES
from microneedle.treat import LONG, PLAN
from microneedle.wait import until
from operator_actions import OperatorActions
from world_actions import WorldActions

CEILING_UM = 1500
PAUSE_S = (0, 0.002, 0.01, 0.05, 0.2)


class Player(OperatorActions, DirectActions, WorldActions):
    """Everything that is decided is decided by its random numbers, and told in the log."""

    def __init__(self, seed, station, listener, journal, log):
        self.random = random.Random(seed)
        self.station = station
        self.listener = listener
        self.journal = journal
        self.log = log
        self.hp = None
        self.owner = None
        self.session = None
        self.session_of = OPERATOR
        self.session_um = 0
        self.direct = None
        self.direct_limits = None
        self.injected = None
        self.foot = False
        self.settled_ns = 0
        self.estop = False
        self.unbound = False
        self.refusal = None
        self.good_cartridge = False
        self.used_cartridge = False
        self.needle_um = 1500
        self.state = "GONE"
        self.last = collections.deque(maxlen=40)
        self.count = collections.Counter()
        self.actions = actions_of(self)

    # ---- the log ----

    def say(self, text):
        self.count[text.split()[0]] += 1
        self.write(f"{text}  ({self.state})")

    def answered(self, text):
        self.count[f"= {text.split()[0]}"] += 1
        self.write(f"    = {text}")

    def write(self, text):
        line = f"{time.monotonic():12.6f} {text}"
        self.last.append(line)
        self.log.write(line + "\n")

    def reason(self, *names):
        self.journal.reason(*names)

    # ---- how things are ----

    def look(self):
        """Through the listener's file: opening one each time would only take time."""
        self.state = "GONE"
        attachment = self.listener.current
        if attachment and os.path.exists(self.node()):
            try:
                self.state = abi.name_of("STATE", attachment.device.status().state)
            except OSError:
                pass
        return self.state

    @staticmethod
    def node():
        return NODE

    def present(self):
        return self.state != "GONE"

    def with_daemon(self):
        return self.station.daemon.running()

    def idle(self):
        return not self.session and not self.direct

    def attached(self):
        return self.with_daemon() and self.session and self.owner

    def new_treatment(self):
        return self.random.randbytes(16)

    def granted(self, since_ns, depth_um, before, session_um, running=False):
        """A set point was accepted: it is within what limits it, and nothing stood against it."""
        self.journal.grant(since_ns, depth_um)
        cartridge = before["cartridge"]
        if not cartridge["present"] or before["inputs"]["emergency_stop"]:
            if not self.spoilt("status"):
                raise Wrong(f"{depth_um} um granted with {before}")
            return
        limit = min(CEILING_UM, session_um, cartridge["needle_um"])
        if depth_um > limit:
            raise Wrong(f"{depth_um} um granted, {limit} um are allowed")
        if (not running and before["inputs"]["foot_switch"] and since_ns > self.settled_ns
                and not self.spoilt("status")):
            raise Wrong("armed with the foot switch pressed")

    # ---- one thing after the other ----

    def play(self, until_s):
        while time.monotonic() < until_s:
            self.look()
            assert self.listener.error is None, self.listener.error
            choose(self.random, self, self.actions)()
            self.drop_events()
            time.sleep(self.random.choice(PAUSE_S))

    def drop_events(self):
        if self.owner:
            self.owner.events.clear()

    # ---- a quiet moment ----

    def put_right(self):
        """Whatever went wrong: its cause is taken away, and it can be armed again."""
        self.look()
        self.say("put_right")
        self.leave_direct()
        self.foot = self.estop = False
        self.hp.set("foot_switch", False)
        self.hp.set("emergency_stop", False)
        self.clear_injection()
        # A bouncing switch ends its bounces
        time.sleep(0.06)
        self.hp.set("foot_switch", False)
        if not self.with_daemon():
            self.start_the_daemon()
        self.look()
        if not self.present():
            self.plug_in()
        self.wait_daemon()
        self.end_all()
        self.wait_home()
        self.station.new_cartridge()
        self.good_cartridge, self.used_cartridge = True, False
        self.needle_um = 1500
        until(lambda: f"it to be safe: {self.describe()}", self.cleared, 3, 0.05)

    def wait_daemon(self):
        def sees():
            with Client(SERVICE) as client:
                devices = client.call("device.list")["devices"]
            return len(devices) == 1 and devices[0]["path"] == os.path.realpath(self.node())
        until("the daemon to see the handpiece", sees, 5, 0.02)

    def end_all(self):
        """End the session, whoever has it."""
        with Client(SERVICE) as client:
            open_one = client.call("device.list")["devices"][0]["session"]
        if self.session and self.owner and open_one == self.session:
            self.ask(self.owner, "session.end", session=self.session)
        elif open_one:
            with Client(self.session_of) as client:
                client.call("session.attach", session=open_one)
                client.call("session.end", session=open_one)
        self.forget_session()

    def cleared(self):
        if self.look() == "SAFE":
            return True
        if self.state == "FAULT":
            self.someone(SERVICE, "device.clear_fault")
        return self.look() == "SAFE"

    def describe(self):
        with Device(flags=os.O_RDONLY) as device:
            return f"{device.describe()}, {self.hp.state()}"

    def arm_again(self):
        """A new session with a fresh cartridge is armed, runs, and ends."""
        self.say("arm_again")
        self.open_and_run(lambda: self.hp.wait_strokes(5, 1))
        self.owner.call("session.end", session=self.session)
        self.forget_session()
        self.wait_home()
        time.sleep(0.25)
        if self.look() != "SAFE":
            raise Wrong(f"it is {self.state} after a session: {self.describe()}")

    def open_and_run(self, wait, hold_s=0):
        self.owner = Client(OPERATOR)
        self.session = self.owner.call("session.open", **{**PLAN, **LONG})["session"]
        self.session_of = OPERATOR
        self.session_um = CEILING_UM
        if not self.arm_session(depth_um=500, rate_mhz=100000) or self.look() != "ARMED":
            raise Wrong(f"it cannot be armed again: {self.describe()}")
        time.sleep(0.12)
        self.hp.set("foot_switch", True)
        wait()
        self.someone(OPERATOR, "session.stop", session=self.session)
        time.sleep(hold_s)
        self.hp.set("foot_switch", False)

    def check_records(self, sessions):
        """The daemon's own word on what it wrote."""
        with Client(AUDITOR) as client:
            for session in sessions:
                if not client.call("session.show", session=session)["chain"]["valid"]:
                    raise Wrong(f"session {session}: its chain is not valid")

    def handpiece_is_full(self):
        return self.station.cartridges >= CARTRIDGES / 2
