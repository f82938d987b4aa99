# SPDX-License-Identifier: GPL-2.0-or-later
"""An idle daemon sleeps: no session, no timer, no wake-up."""

import os
import signal
import subprocess
import time

from microneedle.applies import usb_only
from microneedle.people import OPERATOR
from microneedle.rpc import Client
from microneedle.treat import open_session
from microneedle.wait import until

pytestmark = usb_only("the daemon alone is looked at, which does not know one from the other")


def wakeups(pid):
    """Context switches of all its threads, with each thread's name."""
    counts = {}
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status", encoding="ascii") as stream:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in stream if ":\t" in line)
        counts[task] = (status["Name"], int(status["voluntary_ctxt_switches"]))
    return counts


def assert_asleep(pid, seconds):
    before = wakeups(pid)
    time.sleep(seconds)
    assert wakeups(pid) == before


def test_no_wake_up_with_a_handpiece_and_no_session(served):
    time.sleep(0.5)
    assert_asleep(served.daemon.pid, 10)


def test_no_wake_up_after_a_session(served):
    """What a session needed is gone with it: no heartbeat, no flush."""
    with Client(OPERATOR) as client:
        session = open_session(client)
        time.sleep(1)
        client.call("session.end", session=session)
        time.sleep(0.5)
        assert_asleep(served.daemon.pid, 3)


def test_a_session_wakes_it_for_the_heartbeat(served):
    """The same measure sees a daemon that is not idle: it can fail."""
    with Client(OPERATOR) as client:
        session = open_session(client)
        time.sleep(0.5)
        before = sum(count for _, count in wakeups(served.daemon.pid).values())
        time.sleep(3)
        woken = sum(count for _, count in wakeups(served.daemon.pid).values()) - before
        # The lease is of 300 ms: it would have run out with fewer
        assert woken >= 10
        client.call("session.end", session=session)


def test_strace_sees_no_call_in_ten_seconds(served, tmp_path):
    trace = tmp_path / "strace"
    time.sleep(0.5)
    tracer = subprocess.Popen(["strace", "-f", "-c", "-o", trace, "-p", str(served.daemon.pid)],
                              stderr=subprocess.PIPE)
    until("strace to be attached", lambda: attached(served.daemon.pid), 5)
    time.sleep(10)
    tracer.send_signal(signal.SIGINT)
    tracer.wait(20)
    tracer.stderr.close()
    calls = {}
    for line in trace.read_text().splitlines():
        fields = line.split()
        if len(fields) >= 5 and fields[0][0].isdigit() and fields[-1] != "total":
            calls[fields[-1]] = int(fields[3])
    # Attaching to it ends the call that each thread sleeps in: it looks at the clock and sleeps on
    assert set(calls) <= {"epoll_wait", "epoll_pwait", "epoll_pwait2", "futex", "restart_syscall",
                          "clock_gettime"}
    assert all(count <= len(wakeups(served.daemon.pid)) for count in calls.values()), calls
    with Client(OPERATOR) as client:
        client.call("rpc.ping")


def attached(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as stream:
        return any(line.startswith("TracerPid:\t") and line.split()[1] != "0" for line in stream)
