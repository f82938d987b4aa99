# SPDX-License-Identifier: GPL-2.0-or-later
"""The handpiece's self-test through the daemon's socket, as a clinic has it made."""

import json
import time

import pytest
from microneedle.applies import usb_only
from microneedle.people import AUDITOR, COLLEAGUE, GUEST, OPERATOR, ROOT, SERVICE
from microneedle.rpc import Client
from microneedle.treat import open_session, run_session
from microneedle.wait import until

TEST_SECONDS = 5  # within which a self-test ends, by the uapi header


def begin(client):
    """A self-test that has begun: its device, and a subscription that tells of nothing before."""
    begun = client.call("device.self_test")
    assert begun["self_test"] == "busy"
    told = client.subscribe()
    snapshot = told["snapshot"]["devices"][0]
    assert snapshot["self_test"] == "busy" and snapshot["device"] == begun["device"]
    assert "self_test" in snapshot["interlocks"]
    return begun["device"], told["subscription"]


def ends(client, test, result):
    device, subscription = test
    event = client.event("self_test", TEST_SECONDS, subscription=subscription)
    assert (event["device"], event["self_test"]) == (device, result)
    assert event["text"][-1] == "."
    status = client.call("device.status")
    assert status["self_test"] == result
    assert ("self_test" in status["interlocks"]) == (result != "passed")


def passes(client):
    ends(client, begin(client), "passed")


@pytest.mark.parametrize("who", (OPERATOR, SERVICE), ids=lambda who: who.name)
def test_a_self_test_is_begun_and_told(served, who):
    with Client(who) as client, Client(AUDITOR) as watcher:
        watcher.subscribe(events=["state"])
        test = begin(client)
        ends(client, test, "passed")
        for result in ("busy", "passed"):
            event = watcher.event("self_test", self_test=result)
            assert (event["device"], event["session"]) == (test[0], None)
        assert served.self_test() == "passed"
        assert client.call("device.self_test", device=test[0])["device"] == test[0]


def test_who_may_not(served):
    for who in (AUDITOR, GUEST, ROOT):
        with Client(who) as client:
            assert client.refused("not_permitted", "device.self_test").data["group"]
    with Client(OPERATOR) as operator:
        open_session(operator)
        for who in (SERVICE, COLLEAGUE):
            with Client(who) as client:
                error = client.refused("not_permitted", "device.self_test")
                assert "until the session is over" in error.message
    assert served.self_test() == "passed"


@pytest.mark.parametrize("state", ("armed", "running"))
def test_none_beside_a_treatment(served, operator, state):
    session = open_session(operator, area_cm2=700)
    operator.subscribe()
    if state == "armed":
        operator.call("session.arm", session=session)
    else:
        run_session(served, operator, session)
    error = operator.refused("wrong_state", "device.self_test")
    assert error.data["state"] == state and "device.stop" in error.message
    assert operator.call("device.status")["state"] == state
    assert served.self_test() == "passed"
    # It says what to do, and that helps
    operator.call("device.stop")
    served.press(False)
    served.still()
    passes(operator)


def test_one_in_a_session_bars_arming_and_is_in_its_record(served, operator):
    session = open_session(operator, area_cm2=700)
    test = begin(operator)
    error = operator.refused("interlock_open", "session.arm", session=session)
    # Nor is one at home whose test moves it
    assert set(error.data["interlocks"]) - {"not_home"} == {"self_test"}
    assert "mnctl self-test" in error.message or "not_home" in error.data["interlocks"]
    ends(operator, test, "passed")
    run_session(served, operator, session)
    operator.call("session.end", session=session)
    events = operator.call("session.show", session=session)["events"]
    assert [event["data"] for event in events if event["kind"] == "self_test"] == [
        {"self_test": "busy"}, {"self_test": "passed"}]


@usb_only("it tells of no self-test of its own that failed: see test_gpio.py")
def test_one_that_fails_is_cleared_and_made_again(served, operator):
    served.hp.inject("self_test_fail")
    until("the fault", lambda: operator.call("device.status")["faults"])
    operator.call("device.clear_fault")
    ends(operator, begin(operator), "failed")
    assert operator.call("device.status")["faults"] == ["self_test"]
    error = operator.refused("fault_latched", "device.self_test")
    assert error.data["faults"] == ["self_test"] and "device.clear_fault" in error.message
    assert operator.call("device.clear_fault")["remaining"] == []

    session = open_session(operator)
    error = operator.refused("interlock_open", "session.arm", session=session)
    assert error.data["interlocks"] == ["self_test"]
    served.hp.clear_injections()
    passes(operator)
    assert operator.call("session.arm", session=session)["state"] == "armed"


def test_anybody_breaks_one_off(served, operator):
    test = begin(operator)
    with Client(GUEST, hello=False) as guest:
        assert guest.call("device.stop", device=test[0]) == {"stopped": [test[0]]}
    ends(operator, test, "never")
    served.still()
    test = begin(operator)
    served.hp.set("emergency_stop", True)
    ends(operator, test, "never")
    assert operator.call("device.status")["faults"] == ["emergency_stop"]


def test_a_stop_that_follows_at_once_holds(served, operator):
    """Sent together, the stop may be obeyed before the kernel has begun: then none begins."""
    calls = [{"jsonrpc": "2.0", "id": name, "method": f"device.{name}"}
             for name in ("self_test", "stop")]
    operator.send("".join(json.dumps(call) + "\n" for call in calls))
    answers = {answer["id"]: answer for answer in (operator.message(), operator.message())}
    assert answers["self_test"]["error"]["data"]["name"] == "stopped"
    assert answers["stop"]["result"]["stopped"]
    time.sleep(0.01)
    assert operator.call("device.status")["self_test"] in ("passed", "never")
    assert served.self_test() in ("passed", "never")


def test_one_at_a_time(served, operator):
    test = begin(operator)
    with Client(SERVICE) as service:
        error = service.refused("busy", "device.self_test")
        assert error.data["self_test"] == "busy" and error.data["retry_ms"] > 0
    ends(operator, test, "passed")


def test_none_while_another_program_has_control(served, operator):
    with served.control():
        error = operator.refused("busy", "device.self_test")
        assert "Another program" in error.message
    operator.call("device.self_test")


@usb_only("its self-test is the driver's, which does not refuse itself")
def test_a_handpiece_that_refuses(served, operator):
    shot = served.hp.inject("reject_self_test")
    error = operator.refused("device_error", "device.self_test")
    assert error.data["errno"] == "EREMOTEIO" and "refused" in error.message
    shot.wait()
    until("the handpiece to tell that none is made",
          lambda: operator.call("device.status")["self_test"] == "passed")
    passes(operator)


@usb_only("its self-test is the driver's, which does not refuse itself")
def test_a_handpiece_that_does_not_say_whether_it_began(served, operator):
    served.hp.inject("late_result", ms=400, request="self_test")
    error = operator.refused("device_error", "device.self_test")
    assert "not known" in error.message


@usb_only("it is read, it does not report")
def test_a_handpiece_that_does_not_report(served, operator):
    served.hp.inject("status_silence").wait()
    until("the status to be old",
          lambda: "status" in operator.call("device.status")["interlocks"])
    error = operator.refused("interlock_open", "device.self_test")
    assert error.data["interlocks"] == ["status"] and "cable" in error.message


def test_no_handpiece_and_one_that_goes(served, operator):
    device, _ = begin(operator)
    served.unplug()
    operator.event("device.removed", device=device)
    operator.refused("not_found", "device.self_test")
    operator.refused("not_found", "device.self_test", device=device)
    served.plug()


def test_a_repeated_call_is_one_test(served, operator):
    first = operator.call("device.self_test", request_id="once")
    assert operator.call("device.self_test", request_id="once") == first
    until("it to pass", lambda: operator.call("device.status")["self_test"] == "passed", 5)
    now_ms = operator.call("rpc.ping")["mono_ns"] // 1000000
    operator.refused("deadline_passed", "device.self_test", deadline_ms=now_ms - 1)
    assert operator.call("device.status")["self_test"] == "passed"
