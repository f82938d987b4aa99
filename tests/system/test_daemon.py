# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon killed, stopped, ended; the handpiece coming and going under it."""

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import time

import pytest
from microneedle import abi
from microneedle.applies import usb_only
from microneedle.device import SERIAL, Device
from microneedle.kind import HANDPIECE, USB
from microneedle.people import AUDITOR, COLLEAGUE, OPERATOR, SERVICE
from microneedle.rpc import Client, Closed, RpcError
from microneedle.stack import CONFIG, OPERATORS, run
from microneedle.treat import PLAN, open_session, run_session, start_session
from microneedle.wait import until

MS = 1000000


def found_in():
    """A handpiece's state when it comes: one without a memory may have been doing anything."""
    return "safe" if USB else "fault"


@pytest.fixture
def watcher(served):
    """Somebody who looks at the device itself, whatever becomes of the daemon."""
    with Device(flags=os.O_RDONLY) as device:
        device.forget()
        yield device


def test_kill_9_while_running(served, watcher, figure):
    with Client(OPERATOR) as owner:
        session = start_session(served, owner)
        killed_ns = time.monotonic_ns()
        served.daemon.kill()
        with pytest.raises(Closed):
            while True:
                owner.message()
    record = watcher.wait_fault("CONTROLLER_LOST", state=abi.MN_STATE_RUNNING)
    served.press(False)
    served.still()
    stopped_ns = served.killed(watcher)
    figure("kill -9 of the daemon to STOP in the handpiece", stopped_ns - killed_ns)
    assert stopped_ns - record.mono_ns < HANDPIECE.kill_ns
    watcher.assert_state("FAULT")

    # The next one finds the fault and the record, and goes on
    served.daemon.start()
    with Client(SERVICE) as service:
        until("the handpiece", lambda: service.call("device.list")["devices"])
        assert service.call("device.status")["faults"] == ["controller_lost"]
        service.call("device.clear_fault")
    with Client(OPERATOR) as owner:
        record = owner.call("session.show", session=session)
        assert record["outcome"] == "interrupted" and record["ended"]
        kinds = [event["kind"] for event in record["events"]]
        assert "armed" in kinds
        served.new_cartridge()
        start_session(served, owner)


def test_sigstop_while_running(served, watcher, figure):
    with Client(OPERATOR) as owner:
        session = start_session(served, owner)
        before = watcher.status()
        served.daemon.signal(signal.SIGSTOP)
        stopped_ns = time.monotonic_ns()
        record = watcher.wait_fault("LEASE", state=abi.MN_STATE_RUNNING)
        served.press(False)
        served.still()
        killed_ns = served.killed(watcher)
        # Within the lease and the next bus service, from wherever in the lease it was stopped
        assert record.mono_ns - stopped_ns <= before.lease_ms * MS + 1 * MS
        assert 0 <= killed_ns - record.mono_ns < HANDPIECE.kill_ns
        figure("SIGSTOP of the daemon to STOP in the handpiece", killed_ns - stopped_ns)

        # Awake again it tells what happened, and does not fool itself
        served.daemon.signal(signal.SIGCONT)
        owner.event("fault", fault="lease")
        owner.event("session", state="faulted")
        cleared = owner.call("device.clear_fault")
        assert cleared["remaining"] == []
        run_session(served, owner, session)


def test_sigterm_while_running_stops_first(served, watcher):
    with Client(OPERATOR) as owner:
        session = start_session(served, owner)
        assert served.daemon.stop() == 0
    watcher.wait_state("SAFE")
    served.press(False)
    served.still()
    assert watcher.status().faults == 0
    served.daemon.start()
    with Client(OPERATOR) as owner:
        record = owner.call("session.show", session=session)
        assert record["outcome"] == "interrupted" and record["strokes"]["count"] >= 3
        numbers = [row[0] for row in owner.call("session.strokes", session=session)["strokes"]]
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        # It waits for the stop, not for what a motor coasts after it
        assert 0 <= served.last_stroke() - numbers[-1] <= HANDPIECE.coasts


def test_the_daemon_comes_up_with_the_handpiece_there_and_without(served):
    served.daemon.stop()
    served.unplug()
    served.daemon.start()
    with Client(OPERATOR) as client:
        assert client.call("device.list")["devices"] == []
        client.refused("not_found", "device.status")
        client.refused("not_found", "device.status", device="microneedle7")
        client.refused("not_found", "session.open", **PLAN)
        client.subscribe()
        served.plug()
        added = client.event("device.added")
        assert added["serial"] == SERIAL and added["transport"] == HANDPIECE.kind
        assert client.call("device.status", device=added["device"])["state"] == found_in()


def test_a_second_daemon_leaves_the_first_alone(served):
    second = served.daemon.spawn(served.daemon.program, stderr=subprocess.PIPE)
    said = second.communicate(timeout=20)[1].decode()
    assert second.returncode == 1 and "another microneedled" in said
    with Client(OPERATOR) as client:
        client.call("rpc.ping")


def test_unplug_while_idle(served, operator):
    operator.subscribe()
    name = operator.call("device.list")["devices"][0]["device"]
    served.unplug()
    operator.event("device.removed", serial=SERIAL)
    assert operator.call("device.list")["devices"] == []
    operator.refused("not_found", "device.status", device=name)
    served.plug()
    operator.event("device.added", serial=SERIAL)
    assert operator.call("device.status")["state"] == found_in()


@pytest.mark.parametrize("state", ("opened", "armed", "running", "paused"))
def test_unplug_in_a_session(served, operator, state):
    operator.subscribe(interval_ms=50)
    session = open_session(operator, area_cm2=700)
    if state == "armed":
        operator.call("session.arm", session=session)
    elif state != "opened":
        run_session(served, operator, session)
    if state == "paused":
        served.press(False)
        operator.event("session", state="paused")
    assert operator.call("session.status", session=session)["state"] == state
    served.unplug()
    event = operator.event("session", state="ended")
    assert event["reason"] == "device_gone" and event["session"] == session
    operator.event("device.removed")
    for method in ("session.arm", "session.end", "session.attach"):
        error = operator.refused("wrong_state", method, session=session)
        assert error.data["reason"] == "device_gone"
    operator.call("session.stop", session=session)  # a stop is never wrong
    served.still()
    served.press(False)
    record = operator.call("session.show", session=session)
    assert record["outcome"] == "interrupted"

    # Plugged in again it goes on, with a new session and a new cartridge
    served.plug()
    operator.event("device.added")
    own = {"handpiece_lease"} if USB and state == "running" else set() if USB else {"restart"}
    faults = operator.call("device.status")["faults"]
    assert set(faults) == own | ({"unplugged"} if state == "running" else set())
    if faults:
        operator.call("device.clear_fault")
    served.make_ready()
    session = open_session(operator)
    run_session(served, operator, session)


@usb_only("its power is the computer's")
def test_brown_out_in_a_session(served, operator):
    session = start_session(served, operator)
    served.hp.power_cycle()
    operator.event("fault", fault="handpiece_restart")
    operator.event("session", state="faulted")
    served.press(False)
    served.still()
    served.new_cartridge()
    until("it to be cleared", lambda: not operator.call("device.clear_fault")["remaining"])
    run_session(served, operator, session)


def test_the_record_is_on_disk_before_an_arm_is_acknowledged(served, operator):
    """Killed right after the answer, the next daemon knows of the arm."""
    session = open_session(operator)
    operator.call("session.arm", session=session)
    served.daemon.kill()
    database = sqlite3.connect("file:/var/lib/microneedle/record.db?mode=ro", uri=True)
    kinds = [row[0] for row in database.execute(
        "SELECT kind FROM event JOIN session ON session.id = session_id WHERE session = ? "
        "ORDER BY seq", (session,))]
    database.close()
    assert kinds[0] == "open" and "armed" in kinds


def test_the_record_is_one_unbroken_chain(served, operator):
    session = open_session(operator)
    operator.call("session.end", session=session)
    with Client(AUDITOR) as auditor:
        record = auditor.call("session.show", session=session)
    hashes = [event["hash"] for event in record["events"]]
    assert len(set(hashes)) == len(hashes) and record["chain"]["hash"] == hashes[-1]
    database = sqlite3.connect("file:/var/lib/microneedle/record.db?mode=ro", uri=True)
    rows = database.execute("SELECT seq, hex(prev), hex(hash) FROM event ORDER BY seq").fetchall()
    database.close()
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    for before, after in zip(rows, rows[1:]):
        assert after[1] == before[2]


def test_the_configuration_is_read_again_on_sighup(served):
    """A broken file changes nothing; a good one holds for the next session."""
    def limit():
        with Client(COLLEAGUE) as colleague:
            session = open_session(colleague)
            status = colleague.call("device.status")
            colleague.call("session.end", session=session)
            return status["limits"]["depth"]["sources"]["session"]

    assert limit() == 800
    try:
        for text, wanted in (("{", 800), (OPERATORS.replace("800", "8"), 800),
                             (OPERATORS.replace("800", "700"), 700)):
            with open(CONFIG, "w", encoding="ascii") as stream:
                stream.write(text)
            served.daemon.signal(signal.SIGHUP)
            time.sleep(0.2)
            assert limit() == wanted, text
    finally:
        served.daemon.stop()


def test_a_session_ends_when_its_owner_does_not_come_back(served):
    served.daemon.stop()
    served.daemon.start("--grace-ms", "400", "--idle-grace-ms", "800")
    with Client(OPERATOR) as watcher:
        until("the handpiece", lambda: watcher.call("device.list")["devices"])
        watcher.subscribe()
        for running, grace_ns in ((True, 400 * MS), (False, 800 * MS)):
            with Client(OPERATOR) as owner:
                if running:
                    session = start_session(served, owner)
                else:
                    session = open_session(owner)
            lost = watcher.event("session", attached=False, session=session)
            ended = watcher.event("session", state="ended", session=session)
            assert ended["reason"] == "owner_lost"
            # Its timers keep the kernel's coarse clock, which is a tick behind
            assert -20 * MS <= ended["mono_ns"] - lost["mono_ns"] - grace_ns < 200 * MS
            served.press(False)
            served.still()
            watcher.refused("wrong_state", "session.attach", session=session)
            assert watcher.call("session.show", session=session)["outcome"] == "interrupted"
            served.new_cartridge()
    served.daemon.stop()


def test_systemd_passes_the_socket(served):
    """Started for a connection that waits already, it serves it; the socket's file stays."""
    served.daemon.stop()
    path = "/run/microneedle/activated.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path)
        os.chmod(path, 0o666)
        listener.listen(8)
        with Client(OPERATOR, path=path, hello=False) as early:
            hello = early.request("rpc.hello", client="early", protocol_min=1, protocol_max=1)
            daemon = served.daemon.spawn(
                "bash", "-c", f'exec 3<&{listener.fileno()}; '
                'export LISTEN_FDS=1 LISTEN_PID=$$; exec "$0"', served.daemon.program,
                pass_fds=(listener.fileno(),))
            assert early.answer(hello)["protocol"] == 1
        daemon.terminate()
        assert daemon.wait(20) == 0
        assert os.path.exists(path)
    os.unlink(path)


@pytest.fixture
def small_disk(served):
    """The record on a disk with little room."""
    served.daemon.stop()
    disk = "/run/microneedle-disk"
    os.makedirs(disk, exist_ok=True)
    run("mount", "-t", "tmpfs", "-o", "size=600k", "small", disk)
    run("chown", "microneedle:microneedle", disk)
    served.daemon.start("--database", f"{disk}/record.db")
    yield disk
    served.daemon.stop()
    run("umount", disk)


def fill(disk):
    with open(f"{disk}/ballast", "wb", buffering=0) as stream:
        with contextlib.suppress(OSError):
            while True:
                stream.write(bytes(4096))


def armed(client, session):
    """A stop that could not be recorded stops once more, and that may still be under way."""
    try:
        return client.call("session.arm", session=session)
    except RpcError as error:
        assert error.name == "stopped", error
        return None


def test_without_room_for_the_record_nothing_is_armed(small_disk, served):
    with Client(OPERATOR) as client:
        until("the handpiece", lambda: client.call("device.list")["devices"])
        session = open_session(client)
        fill(small_disk)
        client.refused("store_failed", "session.arm", session=session)
        assert client.call("device.status")["state"] == "safe"
        assert not served.marked()
        client.call("device.stop")
        os.unlink(f"{small_disk}/ballast")
        assert until("it to be armed", lambda: armed(client, session))["state"] == "armed"


def test_a_record_that_cannot_be_kept_any_more_stops_the_needles(small_disk, served):
    with Client(OPERATOR) as client:
        until("the handpiece", lambda: client.call("device.list")["devices"])
        session = start_session(served, client)
        fill(small_disk)
        event = client.event("session", state="paused", seconds=20)
        assert event["reason"] == "store_failed"
        served.press(False)
        served.still()
        os.unlink(f"{small_disk}/ballast")
        # What was made is in the record, whatever could not be written at the time
        ended = client.call("session.end", session=session)
        assert ended["summary"]["strokes"] > 0
