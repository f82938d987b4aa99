# SPDX-License-Identifier: GPL-2.0-or-later
"""A treatment through the daemon: from hello to the record."""

import errno
import time

from microneedle.applies import usb_only
from microneedle.device import Device
from microneedle.kind import HANDPIECE, USB
from microneedle.people import AUDITOR, COLLEAGUE, GUEST, OPERATOR, ROOT, SERVICE
from microneedle.rpc import Client
from microneedle.treat import (PLAN, STROKES, open_session, press_when_armed, run_session,
                               start_session)
from microneedle.wait import refused, until


def test_hello_says_who_one_is(served):
    wanted = {OPERATOR: "operator", SERVICE: "service", AUDITOR: "audit", ROOT: "root", GUEST: None}
    for who, role in wanted.items():
        with Client(who) as client:
            welcome = client.welcome
            assert welcome["protocol"] == 1 and welcome["user"] == who.name
            roles = {name for name, has in welcome["role"].items() if has}
            assert roles == ({role} if role else set())
            assert welcome["limits"]["line_bytes"] == 65536


def test_a_treatment_from_open_to_the_record(served, operator):
    before = served.hp.state()["strokes"]
    snapshot = operator.subscribe(interval_ms=50)["snapshot"]
    assert snapshot["sessions"] == [] and snapshot["devices"][0]["state"] == "safe"
    status = operator.call("device.status")
    assert status["control"] == "none" and status["session"] is None
    assert status["interlocks"] == ["lease"] and status["has_trigger"]

    opened = operator.call("session.open", **PLAN)
    session = opened["session"]
    assert opened["plan"]["strokes"] == STROKES and opened["plan"]["punctures"] == 1400
    status = operator.call("device.status")
    assert status["control"] == "self" and status["session"] == session
    # The session's own limit is what its operator may
    assert status["limits"]["depth"]["sources"]["session"] == 1500
    assert status["limits"]["depth"]["effective"] == 1500

    armed = operator.call("session.arm", session=session)
    assert armed["set_point"]["depth_um"] == 500 and armed["set_point"]["strokes"] == STROKES
    assert served.marked()
    if USB:
        assert served.hp.state()["cartridge"]["treatment"] == session.replace("-", "")
    press_when_armed(served)
    operator.event("state", **{"from": "armed", "to": "running", "cause": "trigger"})
    operator.event("session", state="running", session=session)
    operator.event("progress", session=session)

    # Let go: paused, needles home. Press: it goes on
    served.press(False)
    operator.event("state", to="armed", cause="trigger_released")
    operator.event("session", state="paused")
    paused = served.still()
    progress = operator.call("session.status", session=session)["progress"]
    assert progress["strokes_done"] == paused["strokes"] - before < STROKES
    assert progress["punctures_done"] == 14 * progress["strokes_done"]
    served.press()
    operator.event("session", state="running")
    operator.event("state", to="safe", cause="complete")
    operator.event("session", state="completed")
    made_in_all = served.still()["strokes"] - before
    assert STROKES <= made_in_all <= STROKES + HANDPIECE.coasts
    assert operator.call("session.status", session=session)["state"] == "completed"
    operator.refused("wrong_state", "session.arm", session=session)

    ended = operator.call("session.end", session=session, note="as planned")
    assert ended["outcome"] == "completed"
    summary = ended["summary"]
    assert (summary["strokes"], summary["punctures"]) == (made_in_all, 14 * made_in_all)
    assert summary["strokes_recorded"] == made_in_all and summary["lost"] == 0
    depth = summary["depth_um"]
    assert HANDPIECE.least_of_500_um <= depth["min"] <= depth["mean"]
    assert depth["mean"] <= depth["p99"] <= depth["max"] <= 500
    assert summary["faults"] == []
    assert operator.call("device.status")["control"] == "none"
    operator.refused("wrong_state", "session.arm", session=session)

    record = operator.call("session.show", session=session)
    assert record["patient"] == "P-1234" and record["operator"] == OPERATOR.name
    assert record["outcome"] == "completed" and record["strokes"]["count"] == made_in_all
    kinds = [event["kind"] for event in record["events"]]
    assert kinds[0] == "open" and kinds[-1] == "end"
    assert kinds.index("arm") < kinds.index("armed")
    numbers = [event["seq"] for event in record["events"]]
    assert numbers == sorted(numbers)
    strokes = operator.call("session.strokes", session=session)
    assert len(strokes["strokes"]) == made_in_all and strokes["next"] is None
    if USB:
        made = [(event["number"], event["depth_um"], event["period_us"], event["current_ma"])
                for event in served.hp.events("stroke") if event["number"] > before]
        assert [(row[0], *row[2:]) for row in strokes["strokes"]] == made
    listed = operator.call("session.list", limit=1)["sessions"]
    assert listed[0]["session"] == session


def test_depth_and_rate_beyond_the_limit_are_refused_by_the_kernel(served, operator):
    session = open_session(operator, depth_um=1800, rate_mhz=160000)
    cases = (({"depth_um": 1800}, ("depth", "ceiling", 1500, 1800, "um")),
             ({"depth_um": 1501}, ("depth", "ceiling", 1500, 1501, "um")),
             ({"depth_um": 500, "rate_mhz": 160000}, ("rate", "ceiling", 150000, 160000, "mHz")),
             ({"depth_um": 500, "rate_mhz": 100000, "strokes": 101},
              ("dose", "session", 100, 101, "strokes")))
    for asked, named in cases:
        error = operator.refused("limit_exceeded", "session.arm", session=session, **asked)
        limit = error.data["limit"]
        keys = ("quantity", "source", "value", "requested", "unit")
        assert tuple(limit[key] for key in keys) == named
        assert named[1] in error.message
    assert operator.call("device.status")["state"] == "safe"
    assert not served.marked()
    kinds = [event["kind"] for event in operator.call("session.show", session=session)["events"]]
    assert kinds.count("arm_refused") == len(cases)
    # What is allowed is granted all the same
    assert operator.call("session.arm", session=session, depth_um=500, rate_mhz=100000)


def test_a_session_has_its_operators_ceiling(served, operator):
    session = open_session(operator)
    error = operator.refused("limit_exceeded", "session.arm", session=session, depth_um=1510)
    assert error.data["limit"]["source"] == "ceiling" and error.data["limit"]["value"] == 1500
    operator.call("session.end", session=session)
    served.new_cartridge()
    with Client(COLLEAGUE) as colleague:
        # Qualified for no more than 0.8 mm
        session = open_session(colleague, depth_um=1000)
        error = colleague.refused("limit_exceeded", "session.arm", session=session)
        assert error.data["limit"]["source"] == "session" and error.data["limit"]["value"] == 800
        colleague.call("session.arm", session=session, depth_um=800)


def test_control_is_one_session_s(served, operator):
    session = open_session(operator)
    with Device() as raw:
        with refused(errno.EBUSY):
            raw.acquire()
        with Client(COLLEAGUE) as colleague:
            error = colleague.refused("busy", "session.open", **PLAN)
            assert error.data["session"] == session
            for method in ("session.arm", "session.end", "session.attach"):
                colleague.refused("not_permitted", method, session=session)
        operator.call("session.end", session=session)
        raw.acquire()
        operator.refused("busy", "session.open", **PLAN)


def test_roles(served):
    for who in (GUEST, ROOT, SERVICE, AUDITOR):
        with Client(who) as client:
            error = client.refused("not_permitted", "session.open", **PLAN)
            assert error.data["group"] == "mn-operator"
            if who is not SERVICE:
                client.refused("not_permitted", "device.clear_fault")
    with Client(GUEST) as guest:
        error = guest.refused("not_permitted", "session.list")
        assert error.data["group"].startswith("mn-")


def test_prechecks_come_before_arming(served, operator):
    session = open_session(operator, prechecks={"consent": True, "contraindications": False,
                                                "cartridge": False})
    error = operator.refused("wrong_state", "session.arm", session=session)
    assert error.data["prechecks"] == ["contraindications", "cartridge"]
    operator.refused("invalid_params", "session.prechecks", session=session, consent=False)
    operator.call("session.prechecks", session=session, contraindications=True, cartridge=True)
    operator.call("session.arm", session=session)


def test_a_patient_is_a_pseudonym(served, operator):
    for patient in ("MARIA", "1980-02-03", "03021980", "Maria-1", "P 1234", "ABC"):
        error = operator.refused("invalid_params", "session.open", **{**PLAN, "patient": patient})
        assert error.data["param"] == "patient"
    assert operator.call("device.status")["control"] == "none"


def test_anybody_stops_from_any_connection_without_a_hello(served, operator):
    for who, stop in ((GUEST, '"device.stop"'), (ROOT, '"device.stop","params":{}'),
                      (COLLEAGUE, None), (AUDITOR, '"device.stop","params":{"device":7}')):
        session = start_session(served, operator)
        if stop is None:
            stop = f'"session.stop","params":{{"session":"{session}"}}'
        with Client(who, hello=False) as client:
            client.send(f'{{"jsonrpc":"2.0","method":{stop}}}\n')
            operator.event("state", to="safe", cause="stop")
            operator.event("session", state="paused")
        served.press(False)
        assert served.still()["faults"] == []
        served.killed()
        operator.call("session.end", session=session)
        served.new_cartridge()


def test_the_owner_s_connection_is_lost(served):
    with Client(OPERATOR) as watcher:
        watcher.subscribe()
        with Client(OPERATOR) as owner:
            session = start_session(served, owner)
        watcher.event("state", to="safe", cause="stop")
        event = watcher.event("session", attached=False)
        assert event["state"] == "paused"
        served.press(False)
        served.still()
        # Somebody else cannot take it up, another connection of the owner can
        with Client(COLLEAGUE) as colleague:
            colleague.refused("not_permitted", "session.attach", session=session)
        with Client(OPERATOR) as back:
            back.call("session.attach", session=session)
            back.subscribe()
            run_session(served, back, session)
            back.call("session.stop", session=session)
            back.call("session.end", session=session)


def test_calls_that_come_late_or_twice_or_on_old_news(served, operator):
    session = open_session(operator)
    now_ms = time.monotonic_ns() // 1000000
    operator.refused("deadline_passed", "session.arm", session=session, deadline_ms=now_ms - 1)
    rev = operator.call("session.status", session=session)["rev"]
    error = operator.refused("rev_conflict", "session.arm", session=session, expected_rev=rev + 1)
    assert error.data["rev"] == rev
    arm = {"session": session, "request_id": "arm-1", "expected_rev": rev,
           "deadline_ms": now_ms + 10000}
    armed = operator.call("session.arm", **arm)
    # The same again has the same answer and arms nothing anew
    epoch = served.epoch()
    operator.call("device.stop")
    assert operator.call("session.arm", **arm) == armed
    assert operator.call("device.status")["state"] == "safe"
    until("the stop to reach the handpiece", lambda: served.epoch() != epoch)
    operator.refused("invalid_params", "session.end", session=session, request_id="arm-1")


def test_interlocks_are_named(served, operator):
    session = open_session(operator)
    served.press()
    until("the press to be told",
          lambda: "trigger" in operator.call("device.status")["interlocks"])
    error = operator.refused("interlock_open", "session.arm", session=session)
    assert error.data["interlocks"] == ["trigger"]
    served.press(False)
    until("the release to be told",
          lambda: "trigger" not in operator.call("device.status")["interlocks"])
    operator.call("session.arm", session=session)
    operator.call("session.stop", session=session)
    operator.call("session.end", session=session)
    # Its cartridge has gone with it
    session = open_session(operator)
    error = operator.refused("interlock_open", "session.arm", session=session)
    assert error.data["interlocks"] == ["cartridge_spent"]
    operator.call("session.end", session=session)
    served.hp.remove()
    until("it to be gone", lambda: operator.call("device.status")["cartridge"] is None)
    error = operator.refused("interlock_open", "session.open", **PLAN)
    assert error.data["interlocks"] == ["cartridge_absent"]


@usb_only("it measures no depth that could be too deep: see test_gpio.py")
def test_an_over_depth_stroke_stops_is_shown_and_cleared(served, operator):
    session = start_session(served, operator)
    served.hp.inject("overshoot", um=300, own=False).wait()
    fault = operator.event("fault", fault="over_depth")
    assert fault["detail"] == [800, 500] and fault["session"] == session
    operator.event("session", state="faulted")
    served.still()
    assert served.hp.stats()["over_depth"]["strokes_after"] <= 1
    status = operator.call("device.status")
    assert status["faults"] == ["over_depth"] and status["fault_detail"] == [800, 500]
    served.press(False)
    error = operator.refused("fault_latched", "session.arm", session=session)
    assert error.data["faults"] == ["over_depth"]
    with Client(SERVICE) as service:
        service.refused("not_permitted", "device.clear_fault")  # there is a session
    cleared = operator.call("device.clear_fault")
    assert cleared == {"cleared": ["over_depth"], "remaining": []}
    operator.event("cleared")
    # Clearing armed nothing; armed again the same session goes on with its cartridge
    assert operator.call("device.status")["state"] == "safe"
    run_session(served, operator, session)
    summary = operator.call("session.end", session=session)["summary"]
    assert summary["faults"] == ["over_depth"] and summary["depth_um"]["max"] == 800


def test_emergency_stop_in_a_session(served, operator):
    session = start_session(served, operator)
    served.hp.set("emergency_stop", True)
    operator.event("fault", fault="emergency_stop")
    operator.event("session", state="faulted")
    served.still()
    served.press(False)
    assert operator.call("device.clear_fault") == {"cleared": [], "remaining": ["emergency_stop"]}
    served.hp.set("emergency_stop", False)
    until("the release to be told",
          lambda: not operator.call("device.status")["inputs"]["emergency_stop"])
    assert operator.call("device.clear_fault")["remaining"] == []
    run_session(served, operator, session)


def test_cartridge_pulled_in_a_session(served, operator):
    session = start_session(served, operator)
    served.hp.remove()
    operator.event("fault", fault="cartridge")
    operator.event("session", state="faulted")
    served.press(False)
    served.still()
    served.insert_in_session(operator)
    operator.call("device.clear_fault")
    run_session(served, operator, session)


@usb_only("it latches nothing of its own")
def test_service_clears_a_fault_where_there_is_no_session(served):
    served.hp.inject("nv_fault", mask=1 << 2).wait()
    with Client(SERVICE) as service, Client(ROOT) as root:
        until("the fault", lambda: service.call("device.status")["faults"] == ["over_depth"])
        root.refused("not_permitted", "device.clear_fault")
        assert service.call("device.clear_fault", faults=["lease"])["remaining"] == ["over_depth"]
        assert service.call("device.clear_fault") == {"cleared": ["over_depth"], "remaining": []}
        assert service.call("device.status")["control"] == "none"
    with Device() as device:
        device.acquire()


def test_records_are_seen_by_whom_they_concern(served, operator):
    session = open_session(operator)
    operator.call("session.end", session=session, outcome="aborted")

    def listed(who):
        with Client(who) as client:
            return {entry["session"]: entry for entry in client.call("session.list")["sessions"]}

    assert listed(OPERATOR)[session]["patient"] == "P-1234"
    assert listed(AUDITOR)[session]["patient"] == "P-1234"
    assert session not in listed(COLLEAGUE)
    assert listed(SERVICE)[session].get("patient") is None
    with Client(COLLEAGUE) as colleague:
        colleague.refused("not_found", "session.show", session=session)


def test_a_subscriber_that_does_not_read_holds_up_nobody(served, operator):
    with Client(AUDITOR) as stuck:
        stuck.subscribe(interval_ms=50)
        session = start_session(served, operator, strokes=100)
        began = time.monotonic()
        operator.call("session.stop", session=session)
        assert time.monotonic() - began < 1
        served.press(False)
        # It read nothing, and yet its stop is obeyed and its connection lives
        stuck.send('{"jsonrpc":"2.0","method":"device.stop"}\n')
        stuck.event("state", to="running")
        stuck.event("state", to="safe")
