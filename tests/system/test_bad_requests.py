# SPDX-License-Identifier: GPL-2.0-or-later
"""Garbage on the socket: each gets an error with a stable name and a sentence; nobody else notices.

All of it is thrown while a treatment runs, and it runs on.
"""

import json
import random
import time

import pytest
from microneedle.people import AUDITOR, COLLEAGUE, GUEST, OPERATOR, SERVICE
from microneedle.rpc import Client, Closed
from microneedle.treat import PLAN, PRECHECKS, start_session

LINE = 65536
SESSION = "00000000-0000-4000-8000-000000000000"


def call(method, params=None, **more):
    message = {"jsonrpc": "2.0", "id": 1, "method": method, **more}
    if params is not None:
        message["params"] = params
    return json.dumps(message)


def without(members, name):
    return {key: value for key, value in members.items() if key != name}


# A name of its own for each, what is sent, the error's name, and the parameter that it names
BAD = {
    "not json": ("hello?", "parse_error", None),
    "half json": ('{"jsonrpc":"2.0","id":1,', "parse_error", None),
    "two on a line": (call("rpc.ping") + call("rpc.ping"), "parse_error", None),
    "nul": ('{"jsonrpc":"2.0","id":1,"method":"rpc.ping\0"}', "parse_error", None),
    "escaped nul": ('{"jsonrpc":"2.0","id":1,"method":"rpc.ping\\u0000"}', "parse_error", None),
    "not utf-8": (b'{"jsonrpc":"2.0","id":1,"method":"\xff\xfe"}', "parse_error", None),
    "lone surrogate": ('{"jsonrpc":"2.0","id":1,"method":"\\ud800"}', "parse_error", None),
    "duplicate key": ('{"jsonrpc":"2.0","id":1,"id":2,"method":"rpc.ping"}', "parse_error", None),
    "duplicate parameter": ('{"jsonrpc":"2.0","id":1,"method":"device.status","params":'
                            '{"device":"microneedle0","device":"microneedle1"}}',
                            "parse_error", None),
    "nesting bomb": ("[" * 30000 + "]" * 30000, "parse_error", None),
    "objects nine deep": (call("rpc.ping", json.loads('{"a":' * 8 + "1" + "}" * 8)), "parse_error",
                          None),
    "huge number": ('{"jsonrpc":"2.0","id":1e999,"method":"rpc.ping"}', "parse_error", None),
    "number beyond 64 bit": ('{"jsonrpc":"2.0","id":99999999999999999999,"method":"rpc.ping"}',
                             "parse_error", None),
    "comment": ('{"jsonrpc":"2.0",/* */"id":1,"method":"rpc.ping"}', "parse_error", None),
    "batch": (f'[{call("rpc.ping")}]', "invalid_request", None),
    "empty batch": ("[]", "invalid_request", None),
    "a number": ("42", "invalid_request", None),
    "null": ("null", "invalid_request", None),
    "a string": ('"rpc.ping"', "invalid_request", None),
    "empty object": ("{}", "invalid_request", None),
    "no version": ('{"id":1,"method":"rpc.ping"}', "invalid_request", None),
    "version 1": ('{"jsonrpc":"1.0","id":1,"method":"rpc.ping"}', "invalid_request", None),
    "no method": ('{"jsonrpc":"2.0","id":1}', "invalid_request", None),
    "method is a number": ('{"jsonrpc":"2.0","id":1,"method":7}', "invalid_request", None),
    "id is an object": ('{"jsonrpc":"2.0","id":{},"method":"rpc.ping"}', "invalid_request", None),
    "unknown member": (call("rpc.ping", nonsense=1), "invalid_request", None),
    "line too long": (call("rpc.ping", {"a": "x" * LINE}), "line_too_long", None),
    "mutating without id": (json.dumps({"jsonrpc": "2.0", "method": "session.open",
                                        "params": PLAN}), "invalid_request", None),
    "unknown method": (call("device.explode"), "method_not_found", None),
    "empty method": (call(""), "method_not_found", None),
    "long method": (call("x" * 60000), "method_not_found", None),
    "method in capitals": (call("RPC.PING"), "method_not_found", None),
    "params is an array": (call("device.status", ["microneedle0"]), "invalid_params", "params"),
    "params is a number": (call("device.status", 7), "invalid_params", "params"),
    "unknown parameter": (call("rpc.ping", {"a": 1}), "invalid_params", "a"),
    "parameter with a long name": (call("rpc.ping", {"a" * 50000: 1}), "invalid_params", None),
    "missing parameter": (call("session.arm", {}), "invalid_params", "session"),
    "no params at all": (call("session.arm"), "invalid_params", "session"),
    "number for a name": (call("device.status", {"device": 0}), "invalid_params", "device"),
    "null for a name": (call("device.status", {"device": None}), "invalid_params", "device"),
    "a path for a name": (call("device.status", {"device": "../../dev/mem"}), "invalid_params",
                          "device"),
    "text for a depth": (call("session.open", {**PLAN, "depth_um": "500"}), "invalid_params",
                         "depth_um"),
    "millimetres for a depth": (call("session.open", {**PLAN, "depth_um": 0.5}), "invalid_params",
                                "depth_um"),
    "a fraction": (call("session.open", {**PLAN, "depth_um": 500.0}), "invalid_params", "depth_um"),
    "a negative depth": (call("session.open", {**PLAN, "depth_um": -500}), "invalid_params",
                         "depth_um"),
    "a depth of metres": (call("session.open", {**PLAN, "depth_um": 2 ** 32 + 500}),
                          "invalid_params", "depth_um"),
    "hertz for millihertz": (call("session.open", {**PLAN, "rate_mhz": 100}), "invalid_params",
                             "rate_mhz"),
    "an area of nothing": (call("session.open", {**PLAN, "area_cm2": 0}), "invalid_params",
                           "area_cm2"),
    "1 for true": (call("session.open", {**PLAN, "prechecks": {**PRECHECKS, "consent": 1}}),
                   "invalid_params", "prechecks.consent"),
    "a precheck left out": (call("session.open", {
        **PLAN, "prechecks": without(PRECHECKS, "consent")}), "invalid_params",
        "prechecks.consent"),
    "prechecks left out": (call("session.open", without(PLAN, "prechecks")), "invalid_params",
                           "prechecks"),
    "control characters": (call("session.open", {**PLAN, "area": "fore\nhead"}), "invalid_params",
                           "area"),
    "no uuid": (call("session.arm", {"session": "'; DROP TABLE session;--"}), "invalid_params",
                "session"),
    "an unknown fault": (call("device.clear_fault", {"faults": ["gremlins"]}), "invalid_params",
                         "faults"),
    "an unknown event": (call("telemetry.subscribe", {"events": ["gossip"]}), "invalid_params",
                         "events"),
    "an interval of nothing": (call("telemetry.subscribe", {"interval_ms": 0}), "invalid_params",
                               "interval_ms"),
    "an empty request_id": (call("session.end", {"session": SESSION, "request_id": ""}),
                            "invalid_params", "request_id"),
    "no such session": (call("session.arm", {"session": SESSION}), "not_found", None),
    "no such device": (call("device.status", {"device": "microneedle63"}), "not_found", None),
    "no such subscription": (call("telemetry.unsubscribe", {"subscription": 12345}), "not_found",
                             None),
}


@pytest.fixture(scope="module")
def treatment(station):
    """A treatment that runs through all of this module's tests; what is bad must not touch it."""
    if not station.daemon.running():
        station.daemon.start()
    station.refresh()
    owner = Client(OPERATOR)
    session = start_session(station, owner, area_cm2=2000, density_per_cm2=700)
    yield owner, session
    owner.call("session.stop", session=session)
    owner.call("session.end", session=session)
    owner.close()
    station.press(False)


@pytest.fixture(autouse=True)
def goes_on(treatment, station):
    """The treatment and other connections: before and after, and between them strokes were made."""
    owner, session = treatment
    yield
    before = station.hp.state()["strokes"]
    owner.events.clear()
    status = owner.call("session.status", session=session)
    assert (status["state"], status["faults"]) == ("running", [])
    station.hp.wait_strokes(2, 1)
    assert station.hp.state()["strokes"] > before
    with Client(GUEST) as other:
        other.call("rpc.ping")


def error_of(client, seconds=5.0):
    message = client.message(seconds)
    assert message["jsonrpc"] == "2.0" and "result" not in message, message
    error = message["error"]
    assert set(error) == {"code", "message", "data"}
    # A sentence: it begins, it says something, it ends
    assert len(error["message"]) > 15 and error["message"][-1] in ".!", error
    assert len(json.dumps(message)) < 2000
    return message["id"], error


def test_each_has_its_error_and_the_connection_goes_on(treatment):
    with Client(OPERATOR) as client:
        for what, (line, name, parameter) in BAD.items():
            client.send(line if isinstance(line, bytes) else line.encode())
            client.send(b"\n")
            _, error = error_of(client)
            assert error["data"]["name"] == name, (what, error)
            if parameter:
                assert error["data"]["param"] == parameter, (what, error)
            client.call("rpc.ping")


def test_codes_are_those_of_the_protocol(treatment):
    codes = {"parse_error": -32700, "invalid_request": -32600, "method_not_found": -32601,
             "invalid_params": -32602, "not_found": -32004}
    with Client(OPERATOR) as client:
        for name, code in codes.items():
            line = next(line for line, wanted, _ in BAD.values() if wanted == name)
            client.send(line + "\n")
            assert error_of(client)[1]["code"] == code


def test_the_id_comes_back_where_there_is_one(treatment):
    with Client(OPERATOR) as client:
        for number in (7, -1, "seven", "x" * 64, 2 ** 53, 0):
            client.send(json.dumps({"jsonrpc": "2.0", "id": number, "method": "no.such"}) + "\n")
            assert error_of(client)[0] == number
        for line in ("rubbish", "[]", json.dumps({"jsonrpc": "2.0", "id": "x" * 65,
                                                  "method": "rpc.ping"})):
            client.send(line + "\n")
            assert error_of(client)[0] is None


def test_a_line_of_just_the_limit_is_taken_and_one_byte_more_is_not(treatment):
    empty = len(call("rpc.ping", {"a": ""}))
    with Client(OPERATOR) as client:
        for length, name in ((LINE - 1, "invalid_params"), (LINE, "invalid_params"),
                             (LINE + 1, "line_too_long"), (3 * LINE, "line_too_long")):
            client.send(call("rpc.ping", {"a": "x" * (length - empty)}) + "\n")
            _, error = error_of(client)
            assert error["data"]["name"] == name, length
            client.call("rpc.ping")


def test_a_flood_without_a_newline_has_one_error_and_an_end(treatment):
    with Client(OPERATOR) as client:
        for _ in range(16):
            client.send(b"x" * LINE)
        client.send(b"\n")
        assert error_of(client)[1]["data"]["name"] == "line_too_long"
        client.call("rpc.ping")


def test_half_a_line_and_silence(treatment):
    with Client(OPERATOR) as client:
        began = time.monotonic()
        client.send('{"jsonrpc":"2.0","id":1,')
        _, error = error_of(client)
        assert error["data"]["name"] == "line_timeout"
        assert client.closed()
        assert 1.9 < time.monotonic() - began < 3


def test_a_line_byte_by_byte_is_a_line(treatment):
    with Client(OPERATOR) as client:
        for byte in call("rpc.ping") + "\n":
            client.send(byte)
        assert "result" in client.message()


def test_silence_instead_of_hello(treatment):
    with Client(GUEST, hello=False) as client:
        client.send(call("rpc.ping") + "\n" + call("device.status") + "\n")
        names = [message.get("error", {}).get("data", {}).get("name")
                 for message in (client.message(), client.message())]
        assert names[1] == "hello_required"
        began = time.monotonic()
        assert error_of(client, 15)[1]["data"]["name"] == "hello_timeout"
        assert client.closed()
        assert time.monotonic() - began < 11


def test_a_protocol_that_is_not_spoken(treatment):
    with Client(GUEST, hello=False) as client:
        error = client.refused("version_unsupported", "rpc.hello", client="old", protocol_min=2,
                               protocol_max=9)
        assert error.code == -32002
        client.refused("hello_required", "device.status")
        client.call("rpc.hello", client="new", protocol_min=1, protocol_max=9)
        client.call("device.status")


def test_roles_that_may_not(treatment):
    _, session = treatment
    cases = ((GUEST, "session.open", PLAN, "not_permitted"),
             (SERVICE, "session.open", PLAN, "not_permitted"),
             (AUDITOR, "device.clear_fault", {}, "not_permitted"),
             (COLLEAGUE, "session.end", {"session": session}, "not_permitted"),
             (COLLEAGUE, "session.arm", {"session": session}, "not_permitted"),
             (COLLEAGUE, "session.open", PLAN, "busy"),
             (OPERATOR, "session.arm", {"session": session}, "busy"),
             (OPERATOR, "session.open", PLAN, "busy"))
    for who, method, params, name in cases:
        with Client(who) as client:
            client.refused(name, method, **params)


def test_a_connection_that_is_gone_before_its_answer(treatment):
    for _ in range(20):
        client = Client(OPERATOR)
        client.request("device.status")
        client.request("session.list")
        client.close()


def test_more_connections_than_a_user_may_have(treatment):
    clients = []
    try:
        with pytest.raises((Closed, BrokenPipeError, ConnectionResetError, AssertionError)):
            for _ in range(33):
                clients.append(Client(AUDITOR))
        assert len(clients) == 32
        with Client(AUDITOR, hello=False) as refused:
            assert error_of(refused)[1]["data"]["name"] == "too_many"
            assert refused.closed()
        with Client(GUEST) as other:
            other.call("rpc.ping")
    finally:
        for client in clients:
            client.close()


def test_more_calls_at_once_than_a_connection_may_have(treatment):
    with Client(OPERATOR) as client:
        client.send("".join(call("session.list", {"limit": 1}, id=number) + "\n"
                            for number in range(40)))
        answers = [client.message() for _ in range(40)]
        names = {answer["error"]["data"]["name"] for answer in answers if "error" in answer}
        assert names <= {"too_many"}
        assert sorted(answer["id"] for answer in answers) == list(range(40))
        client.call("rpc.ping")


def test_garbage_at_random(treatment):
    """The same garbage on each run: pieces of good requests, cut and joined."""
    source = random.Random(2)
    pieces = [call("rpc.ping"), call("device.status", {"device": "microneedle0"}),
              '{"jsonrpc":', '"\\ud800', "[[[[", "null", "\t", '"', "\\", "{", "}", ",", "1e5",
              call("session.list", {"limit": 3})]
    with Client(OPERATOR) as client:
        count = 0
        for _ in range(150):
            text = "".join(source.choice(pieces) for _ in range(source.randint(1, 5)))
            cut = text[:source.randint(0, len(text))].strip(" \t\r")
            client.send(cut + "\n")
            count += bool(cut)
        for _ in range(count):
            message = client.message()
            assert "error" in message or "result" in message
        client.call("rpc.ping")
