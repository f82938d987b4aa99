# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon's socket without a handpiece: what peers may send, and what becomes of those who misbehave.

The daemon is the one with the sanitizers. Its groups come from a file of ours, mounted in a mount
namespace of its own, so that roles can be tested on a machine that lacks them.
"""
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

import pytest

TOP = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("BUILD", TOP / "build")).resolve()
DAEMON = BUILD / "tests/unit/bin/microneedled"
OPERATOR, SERVICE, AUDIT = 64001, 64002, 64003
NOBODY_UUID = "00000000-0000-0000-0000-000000000000"
OPEN = {"patient": "MN-0042", "protocol": "forehead-wrinkles", "area_cm2": 20,
        "prechecks": {"consent": True, "contraindications": True, "cartridge": True}}


class Peer:
    """One connection; by default that of root, else of a user in groups"""

    def __init__(self, path, uid=0, groups=(), hello=True):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        if uid:
            os.setgroups(list(groups))
            os.setegid(uid)
            os.seteuid(uid)
        try:
            self.socket.connect(str(path))
        finally:
            if uid:
                os.seteuid(0)
                os.setegid(0)
                os.setgroups([])
        self.buffer = b""
        self.id = 0
        self.others = []
        if hello:
            self.hello = self.call("rpc.hello", client="test", protocol_min=1, protocol_max=1)

    def raw(self, data):
        self.socket.sendall(data)

    def send(self, method, params=None, **members):
        self.id += 1
        message = {"jsonrpc": "2.0", "id": self.id, "method": method, **members}
        if params is not None:
            message["params"] = params
        self.raw(json.dumps(message).encode() + b"\n")
        return self.id

    def line(self):
        """The next line, None at the end"""
        while b"\n" not in self.buffer:
            try:
                data = self.socket.recv(1 << 20)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def answer(self, number):
        while True:
            line = self.line()
            assert line is not None, "the connection was closed"
            if line.get("id") == number:
                return line
            self.others.append(line)

    def call(self, method, **params):
        return self.answer(self.send(method, params))

    def error(self, method, **params):
        error = self.call(method, **params)["error"]
        check_error(error)
        return error

    def alive(self):
        return "result" in self.call("rpc.ping")

    def close(self):
        self.socket.close()


def check_error(error):
    """Every error has a code, a stable name and a sentence"""
    assert error["code"] < 0
    assert error["data"]["name"] == error["data"]["name"].lower()
    assert error["message"][-1] == "." and len(error["message"]) > 15, error["message"]


class Daemon:
    def __init__(self, folder, *options):
        self.path = folder / "control.sock"
        self.database = folder / "record.db"
        self.log = folder / "log"
        group = folder / "group"
        group.write_text(pathlib.Path("/etc/group").read_text() + f"mn-operator:x:{OPERATOR}:\n"
                         f"mn-service:x:{SERVICE}:\nmn-audit:x:{AUDIT}:\n")
        self.command = [str(DAEMON), "--socket", str(self.path), "--database", str(self.database),
                        "--config", str(folder / "config"), "--protocols",
                        str(TOP / "daemon/protocols"), *options]
        self.shell = ["unshare", "--mount", "sh", "-c",
                      f'mount --bind "{group}" /etc/group && exec "$@"', "sh"]
        self.process = None

    def start(self, **kwargs):
        with open(self.log, "ab") as log:
            kwargs.setdefault("env", dict(os.environ))
            kwargs["env"]["ASAN_OPTIONS"] = "quarantine_size_mb=8"
            self.process = subprocess.Popen(self.shell + self.command, stderr=log, **kwargs)
        end = time.monotonic() + 20
        while not self.path.exists():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < end, "the daemon did not start"
            time.sleep(0.01)
        return self

    def peer(self, **kwargs):
        return Peer(self.path, **kwargs)

    def operator(self, uid=2000):
        return Peer(self.path, uid=uid, groups=[OPERATOR])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=20)
        log = self.log.read_text()
        assert "Sanitizer" not in log and "runtime error" not in log, log
        assert status == 0, log


def open_to_others(folder):
    """Other users must get at the socket, and pytest's folders are root's"""
    for parent in (folder, *folder.parents):
        if parent == pathlib.Path("/tmp"):
            break
        parent.chmod(0o755)


@pytest.fixture(name="daemon")
def daemon_fixture(tmp_path):
    open_to_others(tmp_path)
    daemon = Daemon(tmp_path).start()
    yield daemon
    daemon.stop()


@pytest.fixture(name="shared", scope="module")
def shared_fixture(tmp_path_factory):
    """One daemon for all of the bad lines: it has to live through every one of them"""
    folder = tmp_path_factory.mktemp("shared")
    open_to_others(folder)
    daemon = Daemon(folder).start()
    yield daemon
    daemon.stop()


BAD_LINES = [
    (b'{"jsonrpc":"2.0","id":1,"method":"no.such"}', -32601, "method_not_found"),
    (b'{"jsonrpc":"2.0","id":1,"method":"rpc.ping","params":{"x":1}}', -32602, "invalid_params"),
    (b'{"jsonrpc":"2.0","id":1,"method":"rpc.ping","params":[]}', -32602, "invalid_params"),
    (b'{"jsonrpc":"2.0","id":1,"method":"rpc.ping","params":5}', -32602, "invalid_params"),
    (b'{"jsonrpc":"2.0","id":1,"method":"telemetry.unsubscribe"}', -32602, "invalid_params"),
    (b'{"jsonrpc":"2.0","id":1,"method":"telemetry.subscribe","params":{"interval_ms":"5"}}',
     -32602, "invalid_params"),
    (b'{"jsonrpc":"2.0","id":1,"method":"telemetry.subscribe","params":{"interval_ms":5}}',
     -32602, "invalid_params"),
    (b'{"jsonrpc":"2.0","id":1,"method":"telemetry.subscribe","params":{"interval_ms":1e9}}',
     -32602, "invalid_params"),
    (b'{"jsonrpc":"2.0","id":1,"id":1,"method":"rpc.ping"}', -32700, "parse_error"),
    (b'{"jsonrpc":"2.0","id":1,"method":"rpc.ping","params":{"a":1,"a":2}}', -32700, "parse_error"),
    (b"[" * 60000, -32700, "parse_error"),
    (b'{"a":' * 10000, -32700, "parse_error"),
    (b"{" * 65536, -32700, "parse_error"),
    (b'{"jsonrpc":"2.0"', -32700, "parse_error"),
    (b"hello", -32700, "parse_error"),
    (b'"unfinished', -32700, "parse_error"),
    (b'{"jsonrpc":"2.0","id":99999999999999999999,"method":"rpc.ping"}', -32700, "parse_error"),
    (b'{"jsonrpc":"2.0","id":1,"method":"rpc.ping"} x', -32700, "parse_error"),
    (b'{"jsonrpc":"2.0","id":1,"method":"\xff\xfe"}', -32700, "parse_error"),
    (b'{"jsonrpc":"2.0","id":1,"method":"rpc\\u0000ping"}', -32700, "parse_error"),
    (b'{"jsonrpc":"2.0",\0"id":1,"method":"rpc.ping"}', -32700, "parse_error"),
    (b"\0", -32700, "parse_error"),
    (b"[]", -32600, "invalid_request"),
    (b'[{"jsonrpc":"2.0","id":1,"method":"rpc.ping"}]', -32600, "invalid_request"),
    (b"5", -32600, "invalid_request"),
    (b"null", -32600, "invalid_request"),
    (b"{}", -32600, "invalid_request"),
    (b'{"id":1,"method":"rpc.ping"}', -32600, "invalid_request"),
    (b'{"jsonrpc":2.0,"id":1,"method":"rpc.ping"}', -32600, "invalid_request"),
    (b'{"jsonrpc":"1.0","id":1,"method":"rpc.ping"}', -32600, "invalid_request"),
    (b'{"jsonrpc":"2.0","id":1}', -32600, "invalid_request"),
    (b'{"jsonrpc":"2.0","id":1,"method":5}', -32600, "invalid_request"),
    (b'{"jsonrpc":"2.0","id":{},"method":"rpc.ping"}', -32600, "invalid_request"),
    (b'{"jsonrpc":"2.0","id":null,"method":"rpc.ping"}', -32600, "invalid_request"),
    (b'{"jsonrpc":"2.0","id":1.5,"method":"rpc.ping"}', -32600, "invalid_request"),
    (b'{"jsonrpc":"2.0","id":1,"method":"rpc.ping","more":1}', -32600, "invalid_request"),
    (b'{"jsonrpc":"2.0","method":"session.open","params":{}}', -32600, "invalid_request"),
    (b'{"jsonrpc":"2.0","id":"' + b"x" * 65 + b'","method":"rpc.ping"}', -32600, "invalid_request"),
    (b"x" * 65537, -32600, "line_too_long"),
    (b"x" * 1000000, -32600, "line_too_long"),
]


@pytest.mark.parametrize("line,code,name", BAD_LINES, ids=range(len(BAD_LINES)))
def test_bad_line_is_answered_and_the_connection_goes_on(shared, line, code, name):
    other = shared.peer()
    peer = shared.peer()
    peer.raw(line + b"\n")
    error = peer.line()["error"]
    check_error(error)
    assert (error["code"], error["data"]["name"]) == (code, name)
    assert peer.alive() and other.alive()
    assert not peer.others and not other.others
    peer.close()
    other.close()


def test_request_cut_at_every_byte(daemon):
    peer = daemon.peer()
    request = b'{"jsonrpc":"2.0","id":"cut","method":"rpc.ping"}\n'
    for cut in range(1, len(request)):
        peer.raw(request[:cut])
        time.sleep(0.002)
        peer.raw(request[cut:])
        assert "result" in peer.answer("cut")


def test_many_requests_in_one_packet_are_answered_in_order(daemon):
    peer = daemon.peer()
    numbers = range(100, 600)
    peer.raw(b"".join(b'{"jsonrpc":"2.0","id":%d,"method":"rpc.ping"}\n' % n for n in numbers))
    assert [peer.line()["id"] for _ in numbers] == list(numbers)


def test_longest_line(daemon):
    peer = daemon.peer()
    request = b'{"jsonrpc":"2.0","id":"long","method":"rpc.ping"}'
    peer.raw(request + b" " * (65536 - len(request)) + b"\n")
    assert "result" in peer.answer("long")


def test_deepest_request(daemon):
    peer = daemon.peer()
    peer.raw(b'{"jsonrpc":"2.0","id":1,"method":"rpc.ping","params":' + b'{"a":' * 6 + b"1"
             + b"}" * 7 + b"\n")
    assert peer.line()["error"]["data"]["name"] == "invalid_params"


def test_hello_comes_first(daemon):
    peer = daemon.peer(hello=False)
    assert peer.error("device.list")["data"]["name"] == "hello_required"
    assert peer.error("rpc.hello", client="t", protocol_min=2, protocol_max=3)["data"] == {
        "name": "version_unsupported", "protocol_min": 1, "protocol_max": 1}
    assert peer.error("rpc.ping")["data"]["name"] == "hello_required"
    result = peer.call("rpc.hello", client="t", protocol_min=1, protocol_max=3)["result"]
    assert result["protocol"] == 1 and result["user"] == "root"
    assert result["limits"] == {"line_bytes": 65536, "depth": 8, "in_flight": 8}
    assert peer.alive()


def test_half_a_line_and_silence(daemon):
    other, peer = daemon.peer(), daemon.peer()
    begin = time.monotonic()
    peer.raw(b'{"jsonrpc":"2.0","id":1,')
    assert peer.line()["error"]["data"]["name"] == "line_timeout"
    assert peer.line() is None
    assert 1.9 < time.monotonic() - begin < 6
    assert other.alive()


def test_bytes_one_by_one_do_not_extend_the_deadline(daemon):
    peer = daemon.peer()
    begin = time.monotonic()
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        while time.monotonic() < begin + 10:
            peer.raw(b"x")
            time.sleep(0.1)
    assert time.monotonic() - begin < 6


def test_finished_lines_do_extend_it(daemon):
    peer = daemon.peer()
    request = b'{"jsonrpc":"2.0","id":"n","method":"rpc.ping"}\n'
    for _ in range(6):
        peer.raw(request[:10])
        time.sleep(0.6)
        peer.raw(request[10:])
        assert "result" in peer.answer("n")


def test_no_hello_and_silence(daemon):
    other, peer = daemon.peer(), daemon.peer(hello=False)
    begin = time.monotonic()
    assert peer.line()["error"]["data"]["name"] == "hello_timeout"
    assert peer.line() is None
    assert 9.5 < time.monotonic() - begin < 15
    assert other.alive()


def test_requests_in_flight(daemon):
    peer = daemon.peer()
    peer.raw(b"".join(b'{"jsonrpc":"2.0","id":%d,"method":"session.list"}\n' % n
                      for n in range(100, 112)))
    answers = [peer.line() for _ in range(12)]
    refused = [a for a in answers if "error" in a]
    assert refused and all(a["error"]["data"]["name"] == "too_many" for a in refused)
    assert len(answers) - len(refused) >= 8
    assert "result" in peer.call("session.list")


def test_connections_of_one_user(daemon):
    peers = [daemon.peer(uid=2000) for _ in range(32)]
    refused = daemon.peer(uid=2000, hello=False)
    error = refused.line()["error"]
    check_error(error)
    assert error["data"]["name"] == "too_many" and refused.line() is None
    assert daemon.peer(uid=2001).alive() and daemon.peer().alive()
    peers.pop().close()
    end = time.monotonic() + 5
    while True:
        peer = daemon.peer(uid=2000, hello=False)
        peer.send("rpc.hello", {"client": "t", "protocol_min": 1, "protocol_max": 1})
        if "result" in peer.line():
            break
        assert time.monotonic() < end


def test_connections_in_all(daemon):
    peers = [daemon.peer(uid=3000 + n // 32, hello=False) for n in range(504)]
    refused = daemon.peer(uid=4000, hello=False)
    assert refused.line()["error"]["data"]["name"] == "too_many"
    # kept for those who may have to help
    assert daemon.peer().alive()
    assert Peer(daemon.path, uid=4001, groups=[SERVICE]).alive()
    peers[0].raw(b'{"jsonrpc":"2.0","id":1,"method":"device.stop"}\n')
    assert peers[0].line()["result"] == {"stopped": []}


def test_stop_needs_nothing(daemon):
    peer = daemon.peer(uid=2000, hello=False)
    assert peer.call("device.stop")["result"] == {"stopped": []}
    peer.raw(b'{"jsonrpc":"2.0","method":"device.stop"}\n')
    assert peer.call("device.stop")["result"] == {"stopped": []}
    assert not peer.others
    assert peer.error("device.stop", device="microneedle7")["data"]["name"] == "not_found"
    assert peer.error("session.stop", session=NOBODY_UUID)["data"]["name"] == "not_found"


def test_stop_that_is_not_understood_stops_all(daemon):
    peer = daemon.peer(hello=False)
    for params in ({"devcie": "microneedle0"}, {"device": 5}, {"device": "microneedle0\n"}):
        data = peer.error("device.stop", **params)["data"]
        assert data["name"] == "invalid_params" and data["stopped"] == []
    assert peer.error("session.stop")["data"]["stopped"] == []


def test_stop_from_a_peer_that_does_not_read(daemon):
    """The peer's socket is full of answers it does not take; it is still listened to"""
    other = daemon.peer()
    peer = daemon.peer()
    request = b'{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}\n'
    peer.socket.settimeout(10)
    for _ in range(40):
        peer.raw(request * 50)
        begin = time.monotonic()
        assert other.alive()
        assert time.monotonic() - begin < 2
    # all of them were read, or this would have waited for ever
    peer.raw(b'{"jsonrpc":"2.0","id":"stop","method":"device.stop"}\n')
    time.sleep(0.5)
    resident = int(pathlib.Path(f"/proc/{daemon.process.pid}/statm").read_text().split()[1])
    assert resident * 4096 < 150 << 20
    answers = 0
    peer.socket.settimeout(2)
    try:
        while peer.line():
            answers += 1
    except TimeoutError:
        pass
    assert 50 < answers < 2001
    assert peer.alive()


def test_peer_that_closes_its_sending_side_still_gets_its_answers(daemon):
    peer = daemon.peer()
    peer.raw(b'{"jsonrpc":"2.0","id":"a","method":"session.list"}\n'
             b'{"jsonrpc":"2.0","id":"b","method":"rpc.ping"}\n')
    peer.socket.shutdown(socket.SHUT_WR)
    assert {peer.line()["id"], peer.line()["id"]} == {"a", "b"}
    assert peer.line() is None


def test_peer_that_vanishes_with_calls_under_way(daemon):
    other = daemon.peer()
    # Fewer than a user may have at once, so that it need not have noticed the last to let in the next
    for _ in range(25):
        peer = daemon.peer()
        peer.raw(b'{"jsonrpc":"2.0","id":1,"method":"session.list"}\n' * 8)
        peer.close()
    assert other.alive()


def test_roles(daemon):
    member = Peer(daemon.path, uid=2000, groups=[OPERATOR, AUDIT])
    assert member.hello["result"]["role"] == {
        "operator": True, "service": False, "audit": True, "root": False}
    assert member.hello["result"]["user"] == "uid:2000"
    nobody = daemon.peer(uid=2001)
    assert not any(nobody.hello["result"]["role"].values())
    for peer in (nobody, daemon.peer(), Peer(daemon.path, uid=2002, groups=[SERVICE])):
        error = peer.error("session.open", **OPEN)
        assert error["data"] == {"name": "not_permitted", "group": "mn-operator"}
    assert nobody.error("session.list")["data"]["name"] == "not_permitted"
    assert daemon.peer().call("session.list")["result"] == {"sessions": []}
    assert "result" in nobody.call("device.list")


def test_opening_without_a_handpiece(daemon):
    peer = daemon.operator()
    assert peer.error("session.open", **OPEN)["data"]["name"] == "not_found"
    for change, param in (({"patient": "ANNA"}, "patient"), ({"patient": "1980-02-03"}, "patient"),
                          ({"protocol": "no-such"}, "protocol"), ({"depth_um": 2}, "depth_um"),
                          ({"depth_um": 0.5}, "depth_um"), ({"area_cm2": 0}, "area_cm2"),
                          ({"prechecks": {"consent": True}}, "prechecks.contraindications")):
        error = peer.error("session.open", **{**OPEN, **change})
        assert (error["data"]["name"], error["data"]["param"]) == ("invalid_params", param)
    error = peer.error("session.open", **{**OPEN, "depth_um": 501})
    assert error["data"]["limit"] == {"quantity": "depth", "source": "protocol", "value": 500,
                                      "requested": 501, "unit": "um"}
    without = {k: v for k, v in OPEN.items() if k != "protocol"}
    assert peer.error("session.open", **without)["data"]["param"] == "indication"


def test_self_test_without_a_handpiece(daemon):
    service = Peer(daemon.path, uid=2002, groups=[SERVICE])
    for peer in (daemon.operator(), service):
        assert peer.error("device.self_test")["data"]["name"] == "not_found"
        assert peer.error("device.self_test", device="microneedle7")["data"] == {
            "name": "not_found", "devices": []}
    for peer in (daemon.peer(), Peer(daemon.path, uid=2003, groups=[AUDIT])):
        assert peer.error("device.self_test")["data"] == {
            "name": "not_permitted", "group": "mn-operator"}
    # It changes something, so it is not begun for who cannot be told of it
    service.raw(b'{"jsonrpc":"2.0","method":"device.self_test"}\n')
    assert service.line()["error"]["data"]["name"] == "invalid_request"


DECLARE = {"lot": "LOT7", "needles": 12, "needle_um": 1500, "max_rate_mhz": 150000,
           "max_strokes": 60000, "expiry": "2027-01-31"}


def test_declaring_without_a_handpiece(daemon):
    peer = daemon.operator()
    assert peer.error("device.declare_cartridge", **DECLARE)["data"]["name"] == "not_found"
    assert peer.error("device.declare_cartridge", **DECLARE, device="microneedle7")["data"] == {
        "name": "not_found", "devices": []}
    for other in (daemon.peer(), Peer(daemon.path, uid=2002, groups=[SERVICE])):
        assert other.error("device.declare_cartridge", **DECLARE)["data"] == {
            "name": "not_permitted", "group": "mn-operator"}


@pytest.mark.parametrize("name,value", [
    ("lot", ""), ("lot", "two words"), ("lot", "x" * 24), ("lot", "\u00d6"), ("needles", 0),
    ("needle_um", 0), ("max_rate_mhz", 0), ("max_strokes", 0), ("expiry", "2027-02-29"),
    ("expiry", "31.01.2027"), ("expiry", 20000), ("lot", None), ("expiry", None)])
def test_what_cannot_be_declared_is_named(daemon, name, value):
    given = {key: other for key, other in DECLARE.items() if key != name}
    if value is not None:
        given[name] = value
    error = daemon.operator().error("device.declare_cartridge", **given)
    assert error["data"] == {"name": "invalid_params", "param": name}


def test_deadline(daemon):
    peer = daemon.operator()
    now = peer.call("rpc.ping")["result"]["mono_ns"] // 1000000
    error = peer.error("session.open", **OPEN, deadline_ms=now - 1)
    assert error["data"]["name"] == "deadline_passed"
    error = peer.error("session.open", **OPEN, deadline_ms=now + 60000)
    assert error["data"]["name"] == "not_found"


def test_repeated_request(daemon):
    first = daemon.operator().call("session.open", **OPEN, request_id="r1")
    again = daemon.operator().call("session.open", **OPEN, request_id="r1")
    assert first["error"]["data"]["name"] == "not_found" and first["error"] == again["error"]
    peer = daemon.operator()
    error = peer.error("session.open", **{**OPEN, "area_cm2": 21}, request_id="r1")
    assert error["data"] == {"name": "invalid_params", "param": "request_id"}
    # another user's is another request
    other = daemon.operator(uid=2001).error("session.open", **{**OPEN, "area_cm2": 21},
                                            request_id="r1")
    assert other["data"]["name"] == "not_found"


def test_subscriptions(daemon):
    peer = daemon.peer()
    result = peer.call("telemetry.subscribe", events=["state", "fault"])["result"]
    assert result["snapshot"] == {"devices": [], "sessions": []}
    numbers = {result["subscription"]}
    for _ in range(15):
        numbers.add(peer.call("telemetry.subscribe")["result"]["subscription"])
    assert len(numbers) == 16
    assert peer.error("telemetry.subscribe")["data"]["name"] == "too_many"
    number = numbers.pop()
    assert peer.call("telemetry.unsubscribe", subscription=number)["result"]
    assert peer.error("telemetry.unsubscribe", subscription=number)["data"]["name"] == "not_found"
    # another connection's is not one's own
    assert daemon.peer().error("telemetry.unsubscribe",
                               subscription=numbers.pop())["data"]["name"] == "not_found"
    assert peer.error("telemetry.subscribe", device="microneedle0")["data"]["name"] == "not_found"


def test_discover_is_the_description_in_the_tree(daemon):
    result = daemon.peer().call("rpc.discover")["result"]
    assert result == json.loads((TOP / "daemon/data/openrpc.json").read_text())


def test_records_that_are_not_there(daemon):
    peer = daemon.peer()
    for method in ("session.show", "session.status", "session.strokes"):
        assert peer.error(method, session=NOBODY_UUID)["data"]["name"] == "not_found"
    assert peer.call("session.list", limit=1)["result"] == {"sessions": []}


def switches(pid):
    """How often each thread of a process went to sleep"""
    count = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for line in (task / "status").read_text().splitlines():
            if "ctxt_switches" in line:
                count += int(line.split()[1])
    return count


def test_idle_daemon_does_not_wake_up(daemon):
    peer = daemon.peer()
    peer.call("telemetry.subscribe")
    time.sleep(0.5)
    before = switches(daemon.process.pid)
    # longer than any deadline that a connection has
    time.sleep(11)
    assert switches(daemon.process.pid) == before


def test_hangup_reads_configuration_again(daemon):
    config = daemon.path.parent / "config"
    config.write_text('{"default_ceiling_um": 1.5}')
    daemon.process.send_signal(signal.SIGHUP)
    wait_for_log(daemon, "stays as it was")
    config.write_text('{"default_ceiling_um": 500}')
    daemon.process.send_signal(signal.SIGHUP)
    wait_for_log(daemon, "read again")
    assert daemon.peer().alive()


def wait_for_log(daemon, text):
    end = time.monotonic() + 10
    while text not in daemon.log.read_text():
        assert time.monotonic() < end, daemon.log.read_text()
        time.sleep(0.02)


def test_second_daemon_and_left_over_socket(daemon, tmp_path):
    second = subprocess.run(daemon.shell + [*daemon.command[:3], "--database",
                                            str(tmp_path / "other.db")],
                            capture_output=True, text=True, timeout=20, check=False)
    assert second.returncode == 1 and "another microneedled serves it" in second.stderr
    second = subprocess.run(daemon.shell + [daemon.command[0], "--socket", str(tmp_path / "other"),
                                            *daemon.command[3:]],
                            capture_output=True, text=True, timeout=20, check=False)
    assert second.returncode == 1 and "another microneedled uses this database" in second.stderr
    daemon.process.kill()
    daemon.process.wait()
    assert daemon.path.exists()
    left = daemon.path.stat().st_ino
    daemon.start()
    end = time.monotonic() + 10
    while daemon.path.stat().st_ino == left and time.monotonic() < end:
        time.sleep(0.02)
    wait_for_log(daemon, "ready")
    time.sleep(0.5)
    assert daemon.peer().alive()


def test_socket_and_notification_of_the_service_manager(tmp_path):
    tmp_path.chmod(0o755)
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(str(tmp_path / "notify"))
    notify.settimeout(20)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "control.sock"))
    listener.listen()
    daemon = Daemon(tmp_path)
    daemon.command = ["sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', "sh", *daemon.command]

    def pass_listener():
        os.dup2(listener.fileno(), 3)

    daemon.start(pass_fds=[3], preexec_fn=pass_listener,
                 env={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")})
    assert b"READY=1" in notify.recv(1000)
    assert daemon.peer().alive()
    daemon.stop()
    assert daemon.path.exists(), "the service manager's socket is not ours to remove"


def test_command_line():
    def run(*arguments):
        return subprocess.run([str(DAEMON), *arguments], capture_output=True, text=True,
                              timeout=20, check=False)

    assert run("--help").returncode == 0 and "--database" in run("--help").stdout
    assert run("--version").stdout.startswith("microneedled ")
    for arguments in (["--nonsense"], ["more"], ["--grace-ms", "soon"], ["--grace-ms", "-1"]):
        result = run(*arguments)
        assert result.returncode == 2 and result.stderr
    result = run("--database", "/nonexistent/folder/db", "--socket", "/nonexistent/socket")
    assert result.returncode == 1 and "folder must be the daemon's" in result.stderr


def test_it_ends_in_order_as_soon_as_it_can_be_seen(tmp_path):
    """Its signals were watched only after its socket was there: a TERM in between killed it."""
    open_to_others(tmp_path)
    for _ in range(10):
        daemon = Daemon(tmp_path).start()
        daemon.stop()
        assert not daemon.path.exists()


def test_ending_removes_the_socket(daemon):
    peer = daemon.peer()
    daemon.process.send_signal(signal.SIGTERM)
    assert peer.line() is None
    daemon.process.wait(timeout=20)
    assert not daemon.path.exists()
    daemon.start()
