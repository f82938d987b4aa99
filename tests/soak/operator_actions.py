# SPDX-License-Identifier: GPL-2.0-or-later
"""What people do at the workstation, through the daemon."""

import time

from actions import action
from judge import Wrong
from microneedle.people import COLLEAGUE, GUEST, OPERATOR, ROOT, SERVICE
from microneedle.rpc import Client, Closed, RpcError
from microneedle.treat import PLAN

CEILING_UM = {OPERATOR.name: 1500, COLLEAGUE.name: 800}
# Shallower ones are rounded to so few values that a sensor that works looks frozen
SHALLOWEST_UM = 100
# A client that did nothing wrong never gets these
NEVER = ("internal_error", "parse_error", "invalid_request", "method_not_found", "invalid_params",
         "hello_required", "version_unsupported", "store_failed", "too_many", "line_too_long")


class OperatorActions:
    """Sessions: opened, armed, run, stopped, ended, left and taken up again."""

    def ask(self, client, method, **params):
        """The answer, or None where it was refused for a good reason."""
        try:
            answer = client.call(method, **params)
        except RpcError as error:
            if error.name in NEVER:
                raise Wrong(f"{method} {params}: {error} {error.data}") from error
            self.answered(error.name)
            self.refusal = error.name
            return None
        self.refusal = None
        self.answered("done")
        return answer

    def someone(self, who, method, hello=True, **params):
        """Another client comes, asks one thing, and leaves."""
        with Client(who, hello=hello) as client:
            return self.ask(client, method, **params)

    @action(lambda p: p.with_daemon() and (8 if p.idle() and p.state in ("SAFE", "FAULT") else .2))
    def open_session(self):
        who = self.random.choice((OPERATOR, OPERATOR, COLLEAGUE))
        if not self.owner:
            self.owner = Client(who)
        plan = dict(PLAN, patient=f"P-{self.random.randrange(1000, 10000)}",
                    area_cm2=self.random.choice((20, 60, 200, 700)),
                    depth_um=self.some_depth(CEILING_UM[who.name]),
                    rate_mhz=self.random.randrange(20, 151) * 1000)
        if self.random.random() < 0.3:
            self.owner.subscribe(interval_ms=self.random.choice((50, 200, 1000)))
        self.say(f"open_session {self.owner.who.name} {plan['depth_um']} um {plan['rate_mhz']} mHz")
        answer = self.ask(self.owner, "session.open", **plan)
        if answer:
            self.session = answer["session"]
            self.session_of = self.owner.who
            self.session_um = CEILING_UM[self.owner.who.name]
            # One that was used for the session before is spent
            self.good_cartridge = self.good_cartridge and not self.used_cartridge

    def some_depth(self, limit_um):
        """Mostly within the limit."""
        limit_um = min(limit_um, self.needle_um)
        top = self.random.choice((limit_um,) * 8 + (3000,))
        return self.random.randrange(SHALLOWEST_UM, top + 1) // 10 * 10

    @action(lambda p: p.attached() and (9 if p.state == "SAFE" else .5))
    def arm(self):
        depth_um = self.some_depth(self.session_um)
        rate_mhz = self.random.randrange(20, 151) * 1000
        self.arm_session(depth_um=depth_um, rate_mhz=rate_mhz)

    def arm_session(self, **point):
        before = self.hp.state()
        since = time.monotonic_ns()
        self.say(f"arm {point}")
        answer = self.ask(self.owner, "session.arm", session=self.session, **point)
        if self.refusal in ("interlock_open", "limit_exceeded"):
            self.good_cartridge = False
        elif self.refusal == "wrong_state":
            self.look_for_session()
        if not answer or answer["state"] != "armed":
            return None
        got = answer["set_point"]
        self.used_cartridge = True
        self.granted(since, got["depth_um"], before, self.session_um)
        if got["depth_um"] > point.get("depth_um", 0xffff):
            raise Wrong(f"armed deeper than asked: {got}, {point}")
        return answer

    @action(lambda p: p.with_daemon() and (2 if p.state in ("RUNNING", "ARMED") else .2))
    def stop(self):
        """By whom it may be: the owner, somebody without any role, root."""
        way = self.random.randrange(4)
        self.say(f"stop {way}")
        if way == 0 and self.owner and self.session:
            self.ask(self.owner, "session.stop", session=self.session)
        elif way == 1:
            self.someone(GUEST, "device.stop", hello=False)
        elif way == 2:
            self.someone(ROOT, "device.stop")
        else:
            with Client(GUEST, hello=False) as client:
                client.send('{"jsonrpc":"2.0","method":"device.stop"}\n')
                time.sleep(0.01)
        self.must_stand()

    @action(lambda p: p.attached() and (.7 if p.state in ("SAFE", "FAULT") else .2))
    def end_session(self):
        self.say("end_session")
        if self.ask(self.owner, "session.end", session=self.session,
                    outcome=self.random.choice(("completed", "aborted", "adverse"))):
            self.session = None
        else:
            self.look_for_session()

    @action(lambda p: p.owner and p.with_daemon() and .4)
    def owner_leaves(self):
        self.say("owner_leaves")
        if self.state == "RUNNING":
            self.reason("CONTROLLER_LOST")
        self.owner.close()
        self.owner = None

    @action(lambda p: p.with_daemon() and p.session and not p.owner and 5)
    def attach(self):
        self.say("attach")
        self.owner = Client(self.session_of)
        if not self.ask(self.owner, "session.attach", session=self.session):
            self.look_for_session()

    @action(lambda p: p.with_daemon() and (5 if p.state == "FAULT" else .2))
    def clear(self):
        self.say("clear")
        if self.owner and self.session:
            self.ask(self.owner, "device.clear_fault")
        else:
            self.someone(self.random.choice((OPERATOR, SERVICE)), "device.clear_fault")

    @action(lambda p: p.with_daemon() and .3)
    def look_around(self):
        """Others ask this and that; a guest is refused what is not his."""
        self.say("look_around")
        with Client(self.random.choice((SERVICE, GUEST, COLLEAGUE, ROOT))) as client:
            self.ask(client, "rpc.ping")
            self.ask(client, "device.list")
            self.ask(client, "session.list", limit=3)
            if self.session:
                self.ask(client, "session.status", session=self.session)
                if client.who in (GUEST, ROOT) and self.ask(
                        client, "session.arm", session=self.session, depth_um=100):
                    raise Wrong(f"{client.who.name} armed a session")

    @action(lambda p: p.with_daemon() and .1)
    def nonsense(self):
        """A client whose lines mean nothing."""
        lines = ("{}", "null", "[]", '{"jsonrpc":"2.0","id":1,"method":"session.arm"}',
                 '{"jsonrpc":"2.0","id":1,"method":"device.stop","params":{"device":7}}',
                 "x" * 70000)
        line = self.random.choice(lines)
        self.say(f"nonsense {line[:60]}")
        with Client(GUEST, hello=False) as client:
            client.send(line + "\n")
            try:
                answer = client.message(2)
                if "error" not in answer:
                    raise Wrong(f"{line[:60]} got {answer}")
            except Closed:
                pass

    def look_for_session(self):
        """Whether ours is still there, and not done."""
        status = self.someone(self.session_of, "session.status", session=self.session)
        if not status or status["state"] in ("ended", "completed"):
            self.session = None
