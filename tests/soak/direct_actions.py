# SPDX-License-Identifier: GPL-2.0-or-later
"""What a program does that uses the device node by itself."""

import errno
import os
import time

from actions import action
from judge import Wrong
from microneedle.device import Device
from microneedle.wait import until

# What a program may be told that did nothing wrong: it is a matter of time and of others
OTHERWISE = (errno.EAGAIN, errno.EBADFD, errno.EBUSY, errno.ECANCELED, errno.ENODEV, errno.EPERM,
             errno.ERANGE, errno.EREMOTEIO, errno.EPROTO, errno.ETIMEDOUT, errno.ETIME,
             errno.EINVAL)
# Decided by the rules, before anybody is asked
REFUSED = ("ERANGE", "EPERM", "EBADFD", "EAGAIN", "EINVAL", "EBUSY")


class DirectActions:
    """Control without the daemon, and those who try to take it."""

    def try_to(self, what, *arguments, **named):
        """The answer, or None where it was refused."""
        try:
            answer = what(*arguments, **named)
        except OSError as error:
            if error.errno not in OTHERWISE:
                raise Wrong(f"{what.__name__} {named}: {error!r}") from error
            self.refusal = errno.errorcode[error.errno]
            self.answered(self.refusal)
            if error.errno == errno.ENODEV and self.direct:
                # It does not come back for an open file
                self.direct.close()
                self.direct = None
            return None
        self.answered("done")
        return answer or True

    @action(lambda p: p.present() and (2.5 if p.idle() and p.state in ("SAFE", "FAULT") else .1))
    def direct_acquire(self):
        lease_ms = self.random.choice((0, 0, 150, 500))
        limits = {"depth_um": self.random.randrange(10, 151) * 10,
                  "strokes": self.random.choice((300, 3000, 100000)),
                  "run_ms": self.random.choice((2000, 300000))}
        self.say(f"direct_acquire lease {lease_ms} {limits}")
        new = not self.direct
        if new:
            self.direct = Device()
        if self.try_to(self.direct.acquire, self.new_treatment(), lease_ms):
            self.good_cartridge = False
            if self.try_to(self.direct.set_limits, **limits):
                self.direct_limits = limits
                return
        elif not new:
            return
        self.leave_direct()

    def point(self):
        limits = self.direct_limits
        return {"depth_um": self.some_depth(limits["depth_um"]),
                "rate_mhz": self.random.randrange(20, 151) * 1000,
                "strokes": self.random.randrange(1, limits["strokes"] + 1),
                "run_ms": self.random.randrange(500, limits["run_ms"] + 1)}

    def direct_set(self, what, point):
        before = self.hp.state()
        since = time.monotonic_ns()
        answer = self.try_to(what, **point)
        if answer:
            if answer.depth_um > point["depth_um"]:
                raise Wrong(f"{what.__name__}: {answer.depth_um} um granted for {point}")
            self.granted(since, answer.depth_um, before, self.direct_limits["depth_um"],
                         what.__name__ == "update")
        elif what.__name__ == "arm":
            self.good_cartridge = False
        elif self.refusal not in REFUSED:
            # The handpiece was asked: it may have it all the same
            self.journal.grant(since, max(point["depth_um"], self.journal.granted_um(since)))
        return answer

    @action(lambda p: p.direct and (9 if p.state == "SAFE" else .3))
    def direct_arm(self):
        point = self.point()
        self.say(f"direct_arm {point}")
        self.direct_set(self.direct.arm, point)

    @action(lambda p: p.direct and (4 if p.state in ("ARMED", "RUNNING") else .2))
    def direct_update(self):
        point = self.point()
        self.say(f"direct_update {point}")
        self.direct_set(self.direct.update, point)

    @action(lambda p: p.direct and (.7 if p.state in ("SAFE", "FAULT") else .2))
    def direct_release(self):
        self.say("direct_release")
        self.try_to(self.direct.release)
        if self.direct:
            self.direct.close()
            self.direct = None

    @action(lambda p: p.direct and .4)
    def direct_close(self):
        """Closing while it runs is a fault."""
        self.say("direct_close")
        self.reason("CONTROLLER_LOST")
        self.direct.close()
        self.direct = None

    @action(lambda p: p.direct and .4)
    def direct_late(self):
        """A heartbeat that comes too late does nothing."""
        self.say("direct_late")
        self.reason("LEASE")
        self.direct.stop_heart()
        time.sleep(0.501)
        try:
            self.direct.heartbeat()
        except OSError as error:
            self.answered(errno.errorcode[error.errno])
            if error.errno not in (errno.ETIME, errno.ENODEV, errno.EPERM):
                raise Wrong(f"a late heartbeat: {error!r}") from error
        else:
            raise Wrong("a late heartbeat was taken")
        self.must_stand()
        self.direct.close()
        self.direct = None

    @action(lambda p: p.direct and (2 if p.state == "FAULT" else .1))
    def direct_clear(self):
        self.say("direct_clear")
        self.try_to(self.direct.clear)

    @action(lambda p: p.present() and (1 if p.state in ("RUNNING", "ARMED") else .1))
    def direct_stop(self):
        """From a file that only observes."""
        self.say("direct_stop")
        with Device(flags=os.O_RDONLY) as device:
            if self.try_to(device.stop):
                self.must_stand()

    @action(lambda p: p.present() and (p.session or p.direct) and .3)
    def hostile(self):
        """Somebody else tries all that only a controller may do."""
        self.say("hostile")
        with Device() as other:
            for what, values in ((other.arm, {}), (other.update, {"depth_um": 1500}),
                                 (other.set_limits, {}), (other.release, {}),
                                 (other.heartbeat, {}), (other.clear, {"faults": 1})):
                try:
                    what(**values)
                except OSError as error:
                    if error.errno not in (errno.EPERM, errno.ENODEV):
                        raise Wrong(f"{what.__name__} of another: {error!r}") from error
                else:
                    raise Wrong(f"{what.__name__} of another was done")

    def leave_direct(self):
        """Whatever it does, it ends."""
        if self.direct:
            self.reason("CONTROLLER_LOST")
            self.direct.close()
            self.direct = None

    def must_stand(self):
        """After a stop it is neither armed nor running, and soon its needles are home."""
        state = self.look()
        if state in ("ARMED", "RUNNING"):
            raise Wrong(f"stopped, and it is {state}")

    def wait_home(self):
        until("the needles to be home", lambda: self.hp.state()["inputs"]["home"], 1, 0.01)
