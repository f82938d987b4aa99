#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""In the guest: round trips to the daemon and to the servers beside it, in three runs.

Besides the daemon one server runs at a time. Each is asked by the same client, with no session open
and again while a session runs; rpc.json gets runs, each {condition: {server: figures}}.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time

import station
from microneedle import stack
from microneedle.wait import until

PEERS = os.environ["BENCH_PEERS"]
RUNS = 3
ROUNDS = 2000
WORK = "/tmp/bench"
ECHO_PORT, GPSD_PORT, NMEA_PORT = 7001, 2947, 7002

HELLO = json.dumps({"jsonrpc": "2.0", "id": 0, "method": "rpc.hello", "params": {
    "client": "bench", "protocol_min": 1, "protocol_max": 1}}) + "\n"
STATUS = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "device.status"}) + "\n"

# A receiver with a fix, as gpsd knows them from the field: the bytes of one second
SENTENCES = (
    "GPGGA,120000.00,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,",
    "GPGSA,A,3,04,05,09,12,17,24,25,29,,,,,1.5,0.9,1.2",
    "GPGSV,2,1,08,04,40,083,46,05,17,308,41,09,07,344,39,12,22,228,45",
    "GPGSV,2,2,08,17,62,120,48,24,33,056,44,25,51,271,47,29,11,180,38",
    "GPRMC,120000.00,A,4807.038,N,01131.000,E,000.0,084.4,230324,003.1,W",
)


class Load:
    """The client, with so many rounds after a fifth as many that are not counted."""

    def __init__(self, rounds):
        self.command = [os.path.join(station.TOOLS, "load"),
                        "-w", str(rounds // 5), "-n", str(rounds)]

    def __call__(self, address, request, end, expect, *options):
        """One client's figures, from a process of its own."""
        done = subprocess.run(
            [*self.command, "-e", end, "-x", expect, *options, str(address), request],
            stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout)


@contextlib.contextmanager
def server(command, address):
    """A server, for as long as it is measured."""
    with contextlib.suppress(FileNotFoundError, TypeError):
        os.unlink(address)
    with open(os.path.join(stack.OUT, "servers.log"), "ab") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        until(f"{command[0]} to be up", lambda: answers(address), 10)
        yield
    finally:
        process.terminate()
        process.wait(10)


def answers(address):
    """Whether somebody listens there."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family) as sock:
        return sock.connect_ex(address if isinstance(address, str) else ("127.0.0.1", address)) == 0


def ours(load):
    """As root, who may ask but not treat, with the connection's hello outside the figures."""
    return load("/run/microneedle/control.sock", STATUS, "\n", '"result"', "-g", HELLO, "-s", "1",
                "-o", f"{WORK}/status")


def echo(load, address):
    with server([os.path.join(station.TOOLS, "echo"), str(address), f"{WORK}/status"], address):
        return load(address, STATUS, "\n", '"result"')


def memcached(load):
    path = f"{WORK}/memcached.sock"
    with open(f"{WORK}/status", encoding="ascii") as stream:
        value = stream.read()
    put = f"set status 0 0 {len(value)}\r\n{value}\r\n"
    with server([f"{PEERS}/usr/bin/memcached", "-u", "nobody", "-t", "1", "-s", path], path):
        return load(path, "get status\r\n", "\r\nEND\r\n", '"result"', "-g", put, "-s", "1")


def nmea():
    lines = b""
    for sentence in SENTENCES:
        check = 0
        for byte in sentence.encode():
            check ^= byte
        lines += f"${sentence}*{check:02X}\r\n".encode()
    return lines


def has_fix():
    """Feed gpsd until it tells a fix to somebody who watches."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as feed:
        feed.sendto(nmea(), ("127.0.0.1", NMEA_PORT))
    time.sleep(0.1)
    with socket.create_connection(("127.0.0.1", GPSD_PORT)) as sock, sock.makefile("rw") as stream:
        stream.write('?WATCH={"enable":true};\n?POLL;\n')
        stream.flush()
        for line in stream:
            answer = json.loads(line)
            if answer["class"] == "POLL":
                return any(fix.get("mode") == 3 for fix in answer["tpv"])
    return False


@contextlib.contextmanager
def gpsd():
    with server([f"{PEERS}/usr/sbin/gpsd", "-N", "-n", "-S", str(GPSD_PORT),
                 f"udp://127.0.0.1:{NMEA_PORT}"], GPSD_PORT):
        until("gpsd to have a fix", has_fix, 20)
        yield


def gpsd_figures(load):
    """The receiver is silent while it is measured: gpsd has nothing else to do."""
    watch = '?WATCH={"enable":true};\n'
    with gpsd():
        # Its version, the devices, the watch
        yield "gpsd, ?POLL; (TCP)", load(GPSD_PORT, "?POLL;\n", "\n", '"mode":3',
                                         "-g", watch, "-s", "3")
        yield "gpsd, ?VERSION; (TCP)", load(GPSD_PORT, "?VERSION;\n", "\n", '"VERSION"',
                                            "-s", "1")


def figures(load):
    # The first to be asked: what it answers, the others carry
    found = {"microneedled, device.status": ours(load)}
    found["bare libevent echo"] = echo(load, f"{WORK}/echo.sock")
    found["bare libevent echo (TCP)"] = echo(load, ECHO_PORT)
    found["memcached, get"] = memcached(load)
    found.update(gpsd_figures(load))
    return found


def settle():
    """Begin at a full five seconds of the guest's clock: what a clock reads is in each answer."""
    time.sleep(5 - time.monotonic() % 5)


def one_run(rig, load):
    """With a handpiece and a daemon that have done nothing yet: one more digit costs time, too."""
    rig.daemon.stop()
    rig.start_handpiece()
    rig.refresh()
    station.start_daemon(rig)
    settle()
    found = {"no session": figures(load)}
    with station.session(rig) as (client, uuid):
        station.run_session(rig, client, uuid, strokes=120)
        found["session running"] = figures(load)
        status = client.call("device.status")
        if status["state"] != "running" or status["faults"]:
            sys.exit(f"the session did not run to the end of the measurement: {status}")
    rig.hp.wait_for(lambda state: state["inputs"]["home"], 1)
    return found


def take_chance_out():
    """Where programs are loaded, and how the JSON library hashes, would be another in each run."""
    with open("/proc/sys/kernel/randomize_va_space", "w", encoding="ascii") as stream:
        stream.write("0")
    subprocess.run(["mount", "--bind", "/dev/zero", "/dev/urandom"], check=True)


def main():
    take_chance_out()
    os.makedirs(WORK)
    os.chmod(WORK, 0o777)
    with station.workstation() as rig:
        # The first status ever tells of no treatment before it, and the kernel has kept nothing yet
        for _ in range(2):
            one_run(rig, Load(50))
        runs = [one_run(rig, Load(ROUNDS)) for _ in range(RUNS)]
    with open(os.path.join(stack.OUT, "rpc.json"), "w", encoding="ascii") as stream:
        json.dump({"time": os.environ["MN_TIME"], "kernel": os.environ["MN_KERNEL"],
                   "rounds": ROUNDS, "runs": runs}, stream, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
