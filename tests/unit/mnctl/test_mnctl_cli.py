# SPDX-License-Identifier: GPL-2.0-or-later
"""mnctl as it is typed, against the real daemon without a handpiece.

What needs needles (refused depths, interlocks, faults, Ctrl-C while they move) is tested in the lab.
"""

import contextlib
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import threading
import time

import pytest

CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))))
BIN = os.path.join(CHECKOUT, os.environ.get("BUILD", "build"), "tests", "unit", "bin")
MNCTL = os.path.join(BIN, "mnctl")
DAEMON = os.path.join(BIN, "microneedled")
PROTOCOLS = os.path.join(CHECKOUT, "daemon", "protocols")
COMPLETION = os.path.join(CHECKOUT, "daemon", "data", "mnctl.bash-completion")
MANUAL = os.path.join(CHECKOUT, "daemon", "man", "mnctl.1")
NOBODY = "00000000-0000-4000-8000-000000000000"
OPEN = ("session", "open", "--patient", "MN-4711", "--size", "30cm2", "--density", "250/cm2",
        "--depth", "0.5mm", "--rate", "100Hz", "--indication", "wrinkles", "--area", "forehead")

DECLARE = ("declare", "--lot", "LOT7", "--needles", "12", "--length", "1.5mm", "--max-rate", "150Hz",
           "--max-strokes", "60000", "--expiry", "2027-01-31")

# Every command once, as it would be typed; what it ends with where there is no handpiece, for root
COMMANDS = {
    ("list",): 0,
    ("status",): 1,
    ("status", "microneedle7"): 1,
    ("stop",): 0,
    ("stop", "microneedle7"): 1,
    ("stop", "not a name"): 1,
    ("clear",): 4,
    ("clear", "--fault", "over_depth,lease"): 4,
    ("self-test",): 1,
    ("self-test", "microneedle7"): 1,
    DECLARE: 4,
    DECLARE + ("microneedle7",): 4,
    OPEN: 4,
    ("session", "open", "--patient", "MN-4711", "--size", "30cm2", "--protocol", "nose"): 4,
    ("session", "check", NOBODY, "--check", "consent"): 4,
    ("session", "arm", NOBODY): 4,
    ("session", "run", NOBODY): 4,
    ("session", "stop", NOBODY): 1,
    ("session", "end", NOBODY): 4,
    ("session", "show", NOBODY): 1,
    ("session", "show", "abcd"): 1,
    ("session", "list"): 0,
    ("session", "list", "--limit", "3"): 0,
    ("session", "protocols"): 0,
    ("monitor", "--duration", "100ms"): 0,
    ("monitor", "--duration", "100ms", "--events", "state,fault", "--interval", "50ms"): 0,
    ("monitor", "--duration", "100ms", "--device", "microneedle7"): 1,
    ("ping",): 0,
    ("call", "rpc.discover"): 0,
    ("call", "rpc.ping", "{}"): 0,
    ("call", "device.stop", "--no-hello"): 0,
    ("call", "rpc.ping", "--no-hello"): 1,
    ("call", "rpc.nonsense"): 1,
    ("call", "device.status", '{"devise": "x"}'): 1,
    ("call", "device.status", '{"device": 5}'): 1,
    ("--help",): 0,
    ("session", "--help"): 0,
    ("session", "run", "--help"): 0,
    ("--version",): 0,
}

# Command lines that are wrong, and a word that must stand in what is said about them
WRONG = {
    (): "Say what to do",
    ("nonsense",): "nonsense",
    ("session",): "session",
    ("session", "nonsense"): "nonsense",
    ("list", "--nonsense"): "--nonsense",
    ("list", "one", "two"): "one",
    ("self-test", "one", "two"): "two",
    ("--socket",): "--socket PATH",
    ("list", "--timeout", "5"): "unit is missing",
    ("list", "--timeout", "0s"): "between",
    ("list", "--json=1"): "no value",
    ("session", "run"): "SESSION is missing",
    ("session", "run", "ab"): "mnctl session list",
    ("session", "run", NOBODY, "--depth", "500"): "500um",
    ("session", "run", NOBODY, "--depth", "0,5mm"): "point",
    ("session", "run", NOBODY, "--rate", "100rpm"): "100Hz",
    DECLARE[:-2]: "--expiry DATE",
    DECLARE[:1] + DECLARE[3:]: "--lot LOT",
    ("declare", "--length", "1.5"): "unit is missing",
    OPEN[:-2]: "--area",
    OPEN[:2] + OPEN[4:]: "--patient",
    OPEN + ("--check", "consent,prayer"): "prayer",
    ("session", "end", NOBODY, "--outcome", "fine"): "adverse",
    ("clear", "--fault", "over_death"): "over_death",
    ("monitor", "--events", "everything"): "everything",
    ("call",): "METHOD is missing",
    ("call", "rpc.ping", "{"): "not JSON",
    ("call", "rpc.ping", "[]"): "must be a JSON object",
    ("call", "rpc.ping", '{"a":1,"a":2}'): "duplicate",
    ("list", b"\xff"): "UTF-8",
    ("session", "show", "\u00fc" * 30): "session list",
}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    """The real one, with a socket and a database of its own."""
    folder = tmp_path_factory.mktemp("daemon")
    path = str(folder / "control.sock")
    config = folder / "microneedled.conf"
    config.write_text('{"default_ceiling_um": 1500}')
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            [DAEMON, "--foreground", "--socket", path, "--database", str(folder / "record.db"),
             "--config", str(config), "--protocols", PROTOCOLS],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    end = time.monotonic() + 10
    while not connects(path):
        assert process.poll() is None and time.monotonic() < end, (folder / "log").read_text()
        time.sleep(0.02)
    yield path
    process.terminate()
    assert process.wait(10) == 0, (folder / "log").read_text()


def connects(path):
    with socket.socket(socket.AF_UNIX) as sock, contextlib.suppress(OSError):
        sock.connect(path)
        return True
    return False


def environment(path, **more):
    env = {key: value for key, value in os.environ.items()
           if key not in ("NO_COLOR", "MN_SOCKET", "TERM")}
    return {**env, "MN_SOCKET": str(path), "TERM": "xterm", **more}


def mnctl(path, *words, **keywords):
    env = environment(path, **keywords.pop("env", {}))
    return subprocess.run([MNCTL, *words], stdin=keywords.pop("stdin", subprocess.DEVNULL),
                          capture_output=True, timeout=30, check=False, env=env, **keywords)


def jq(text):
    """What jq makes of it: one document, or it fails."""
    done = subprocess.run(["jq", "-ces", "if length == 1 then .[0] else error(\"\\(length)\") end"],
                          input=text, capture_output=True, check=False)
    assert done.returncode == 0, (text, done.stderr)
    return json.loads(done.stdout)


def typed(words):
    return " ".join(word.decode(errors="replace") if isinstance(word, bytes) else word[:24]
                    for word in words) or "nothing"


def is_one_sentence(text):
    """One line for a person, that ends like a sentence and does not speak in the daemon's names."""
    text = text.decode()
    assert text.startswith("mnctl: ") and text.count("\n") == 1 and text.endswith(".\n"), text
    assert not re.search(r"\b(session|device|telemetry)\.[a-z]|_um\b|_mhz\b|-32\d\d\d", text), text


# ---- every command ----

@pytest.mark.parametrize("words", COMMANDS, ids=typed)
def test_json_is_one_document(daemon, words):
    done = mnctl(daemon, "--json", *words)
    if words[0] == "monitor" and done.returncode == 0:
        documents = [json.loads(line) for line in done.stdout.splitlines()]
        assert "snapshot" in documents[0]
        return
    document = jq(done.stdout)
    assert done.stderr == b""
    assert done.returncode == COMMANDS[words], document
    if done.returncode:
        error = document["error"]
        assert error["exit_code"] == done.returncode
        assert error["name"] and error["message"].endswith("."), error
    else:
        assert "error" not in document


@pytest.mark.parametrize("words", COMMANDS, ids=typed)
def test_text_for_people(daemon, words):
    done = mnctl(daemon, *words)
    assert done.returncode == COMMANDS[words], done.stderr
    assert b"\033" not in done.stdout + done.stderr
    if done.returncode:
        assert done.stdout == b""
        is_one_sentence(done.stderr)
    else:
        assert done.stdout and done.stderr == b""


@pytest.mark.parametrize("words", WRONG, ids=typed)
def test_wrong_usage(daemon, words):
    done = mnctl(daemon, *words)
    assert done.returncode == 2 and done.stdout == b"", done
    assert WRONG[words] in done.stderr.decode(), done.stderr
    is_one_sentence(done.stderr)
    for with_json in (("--json", *words), (*words, "--json")):
        done = mnctl(daemon, *with_json)
        error = jq(done.stdout)["error"]
        # A word that is missing at the end is missing there with --json, too
        assert done.returncode == 2 and error["name"] == "usage" and done.stderr == b""


def test_every_command_is_tested():
    """A command that is added must be added above."""
    commands = jq(mnctl("/nowhere", "--json", "--help").stdout)["commands"]
    known = {" ".join(words[:2]) if words[:1] == ("session",) else words[0]
             for words in COMMANDS if words}
    assert {command["command"] for command in commands} == {
        name for name in known if not name.startswith("--") and "--" not in name}


# ---- the daemon is not there, or not well ----

def test_no_daemon(tmp_path):
    for words in COMMANDS:
        if "--help" in words or "--version" in words:
            continue
        done = mnctl(tmp_path / "nothing.sock", *words)
        assert done.returncode == 3, (words, done)
        is_one_sentence(done.stderr)
        done = mnctl(tmp_path / "nothing.sock", "--json", *words)
        assert jq(done.stdout)["error"]["name"] == "not_reachable"


def test_daemon_that_ended(tmp_path):
    path = str(tmp_path / "old.sock")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(path)
    done = mnctl(path, "list")
    assert done.returncode == 3 and b"systemctl start" in done.stderr


def test_path_that_is_too_long(tmp_path):
    assert mnctl("/" + "x" * 200, "list").returncode == 3


def test_daemon_that_hangs(tmp_path):
    path = str(tmp_path / "hung.sock")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(path)
        sock.listen()
        begin = time.monotonic()
        done = mnctl(path, "--json", "--timeout", "300ms", "list")
        assert time.monotonic() - begin < 5
        assert done.returncode == 3 and jq(done.stdout)["error"]["name"] == "timeout"
        # A stop is not to wait for seconds, and says what to do with one's hands
        begin = time.monotonic()
        done = mnctl(path, "stop", "microneedle7")
        assert time.monotonic() - begin < 3
        assert done.returncode == 3 and b"emergency stop" in done.stderr


def serve_once(path, answer):
    """A program that is not the daemon sits on its socket."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()

    def run():
        connection = server.accept()[0]
        connection.recv(1000)
        connection.sendall(answer)
        time.sleep(0.2)
        connection.close()
        server.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.parametrize("answer, name, code", [
    (b"HTTP/1.1 400 Bad Request\n", "bad_answer", 1),
    (b"", "connection_lost", 3),
    (b'{"jsonrpc":"2.0","id":1,', "connection_lost", 3),
    (b'{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"\\u001b[2Jx."}}\n', "device_error", 1),
])
def test_not_the_daemon(tmp_path, answer, name, code):
    path = str(tmp_path / "other.sock")
    thread = serve_once(path, answer)
    done = mnctl(path, "--json", "list")
    thread.join()
    assert done.returncode == code and jq(done.stdout)["error"]["name"] == name


def test_the_terminal_is_not_steered(tmp_path):
    path = str(tmp_path / "other.sock")
    thread = serve_once(path, b'{"jsonrpc":"2.0","id":1,"error":{"code":1,'
                              b'"message":"\\u001b[2J\\u009bx."}}\n')
    done = mnctl(path, "list")
    thread.join()
    assert b"\033" not in done.stderr and b"\xc2\x9b" not in done.stderr and b"x." in done.stderr


# ---- details ----

def test_the_socket_option_goes_before_the_environment(daemon):
    assert mnctl("/nowhere", "--socket", daemon, "ping").returncode == 0
    assert mnctl(daemon, "ping", "--socket=/nowhere").returncode == 3


def test_errors_keep_what_the_daemon_said(daemon):
    error = jq(mnctl(daemon, "--json", *OPEN).stdout)["error"]
    assert error["name"] == "not_permitted" and error["code"] == -32003
    assert error["group"] == "mn-operator" and "mn-operator" in error["message"]
    error = jq(mnctl(daemon, "--json", "call", "device.status", '{"devise": 1}').stdout)["error"]
    assert error["name"] == "invalid_params" and error["param"] == "devise"


def test_call_reads_its_parameters_from_input(daemon):
    done = mnctl(daemon, "call", "device.stop", "-", stdin=None, input=b'{}')
    assert done.returncode == 0 and jq(done.stdout) == {"stopped": []}
    done = mnctl(daemon, "--json", "call", "device.stop", "-", stdin=None, input=b'{')
    assert done.returncode == 2 and jq(done.stdout)["error"]["name"] == "usage"


def test_ping_says_how_fast(daemon):
    assert jq(mnctl(daemon, "--json", "ping").stdout)["round_trip_us"] > 0


def test_list_of_protocols(daemon):
    text = mnctl(daemon, "session", "protocols").stdout.decode().splitlines()
    assert text[0].split()[0] == "PROTOCOL"
    assert len(text) == 1 + len([n for n in os.listdir(PROTOCOLS) if n.endswith(".json")])
    assert all(re.search(r" \d\.\d\d mm  +\d+ Hz  +\d+/cm2 ", line) for line in text[1:]), text


def test_output_that_cannot_be_written(daemon):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([MNCTL, "list"], stdout=full, stderr=subprocess.PIPE, check=False,
                              env=environment(daemon))
    assert done.returncode == 1 and b"could not be written" in done.stderr


# ---- signals ----

def start(path, *words, **keywords):
    return subprocess.Popen([MNCTL, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env=environment(path), **keywords)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_monitor(daemon, number):
    process = start(daemon, "--json", "monitor")
    assert b"snapshot" in process.stdout.readline()
    process.send_signal(number)
    assert process.wait(5) == 130
    assert process.stdout.read() == b"" and process.stderr.read() == b""
    process.stdout.close()
    process.stderr.close()


def test_a_signal_while_the_daemon_hangs_is_told_as_json(tmp_path):
    path = str(tmp_path / "hung.sock")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(path)
        sock.listen()
        process = start(path, "--json", "status")
        connection = sock.accept()[0]
        assert connection.recv(100)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=5)
        connection.close()
    assert process.returncode == 130 and err == b""
    assert jq(out)["error"]["name"] == "interrupted"


def test_a_signal_while_input_is_awaited(daemon):
    process = start(daemon, "--json", "call", "device.stop", "-", stdin=subprocess.PIPE)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=5)
    assert process.returncode == 130 and jq(out)["error"]["name"] == "interrupted"


# ---- a terminal ----

def on_a_terminal(path, *words, **env):
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(MNCTL, [MNCTL, *words], environment(path, **env))
    text = b""
    with contextlib.suppress(OSError):
        while select.select([fd], [], [], 10)[0]:
            data = os.read(fd, 4096)
            if not data:
                break
            text += data
    os.close(fd)
    return text, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_colours_on_a_terminal_only(daemon):
    text, status = on_a_terminal(daemon, "session", "protocols")
    assert status == 0 and b"\033[1mPROTOCOL" in text
    text, status = on_a_terminal(daemon, "status")
    assert status == 1 and b"\033[31m" in text


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_colours_can_be_turned_off(daemon, env):
    for words in (("session", "protocols"), ("status",), ("--json", "status")):
        text, _ = on_a_terminal(daemon, *words, **env)
        assert b"\033" not in text


# ---- what stands beside it ----

def completed(path, *words):
    done = mnctl(path, "complete", *words)
    assert done.returncode == 0 and done.stderr == b""
    return done.stdout.decode().split()


def test_completion_follows_the_table(daemon):
    commands = jq(mnctl(daemon, "--json", "--help").stdout)["commands"]
    assert {"list", "session", "--json"} <= set(completed(daemon, ""))
    for command in commands:
        words = command["command"].split()
        offered = set(completed(daemon, *words, ""))
        assert {"--" + option["name"] for option in command["options"]} <= offered
    assert completed(daemon, "session", "open", "--check", "") == [
        "consent", "contraindications", "cartridge"]
    assert "session.open" in completed(daemon, "call", "")
    assert completed(daemon, "nonsense", "") == []


def test_completion_is_silent_without_a_daemon():
    assert "rpc.ping" not in completed("/nowhere", "call", "")


def test_completion_in_bash(daemon):
    script = f"""
        source {COMPLETION}
        try() {{
            COMP_WORDS=("{MNCTL}" "$@"); COMP_CWORD=$#
            _mnctl; echo "${{COMPREPLY[*]}}"
        }}
        try sess
        try self
        try session r
        try session open --check consent,ca
        try call rpc.d
        try nonsense x
    """
    done = subprocess.run(["bash", "-eu", "-c", script], capture_output=True, check=False,
                          env=environment(daemon))
    assert done.stderr == b"" and done.stdout.decode().splitlines() == [
        "session", "self-test", "run", "consent,cartridge", "rpc.discover", ""]


def test_the_manual_has_every_command_and_option():
    with open(MANUAL, encoding="utf-8") as stream:
        manual = stream.read().replace("\\-", "-").replace("\\fB", "")
    document = jq(mnctl("/nowhere", "--json", "--help").stdout)
    for command in document["commands"]:
        assert command["command"] in manual, command["command"]
        for option in command["options"]:
            assert "--" + option["name"] in manual, (command["command"], option["name"])
    for option in document["common_options"]:
        assert "--" + option["name"] in manual
    for code in (0, 1, 2, 3, 4, 5, 6, 7, 8, 130):
        assert f".B {code}\n" in manual
