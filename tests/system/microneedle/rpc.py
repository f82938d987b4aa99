# SPDX-License-Identifier: GPL-2.0-or-later
"""A client of the daemon, down to the bytes where a test wants them."""

import json
import select
import time

from .people import OPERATOR

SOCKET = "/run/microneedle/control.sock"


class RpcError(Exception):
    def __init__(self, error):
        super().__init__(f"{error['data']['name']}: {error['message']}")
        self.code = error["code"]
        self.message = error["message"]
        self.data = error["data"]
        self.name = error["data"]["name"]


class Closed(Exception):
    """The daemon closed the connection."""


class Client:
    def __init__(self, who=OPERATOR, path=SOCKET, hello=True):
        self.who = who
        self.sock = who.connect(path)
        self.sock.setblocking(False)
        self.buffer = b""
        self.events = []
        self.next_id = 0
        self.welcome = None
        if hello:
            self.welcome = self.call("rpc.hello", client="system-test", protocol_min=1,
                                     protocol_max=1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    # ---- bytes ----

    def send(self, data, seconds=5.0):
        if isinstance(data, str):
            data = data.encode()
        end = time.monotonic() + seconds
        while data:
            try:
                data = data[self.sock.send(data):]
            except BlockingIOError:
                left = end - time.monotonic()
                assert left > 0, f"the daemon took nothing more within {seconds:g} s"
                select.select([], [self.sock], [], left)

    def message(self, seconds=5.0):
        """The next line from the daemon, whatever it is."""
        end = time.monotonic() + seconds
        while b"\n" not in self.buffer:
            left = end - time.monotonic()
            ready = left > 0 and select.select([self.sock], [], [], left)[0]
            assert ready, f"the daemon said nothing within {seconds:g} s"
            try:
                chunk = self.sock.recv(1 << 16)
            except ConnectionResetError:
                chunk = b""
            if not chunk:
                raise Closed
            self.buffer += chunk
        line, _, self.buffer = self.buffer.partition(b"\n")
        return json.loads(line)

    def closed(self, seconds=5.0):
        """True once the daemon has closed; what it said before is dropped."""
        try:
            while True:
                self.message(seconds)
        except Closed:
            return True
        except AssertionError:
            return False

    # ---- calls ----

    def request(self, method, **params):
        """Send a call; its id."""
        self.next_id += 1
        self.send(json.dumps({"jsonrpc": "2.0", "id": self.next_id, "method": method,
                              "params": params}) + "\n")
        return self.next_id

    def answer(self, wanted, seconds=5.0):
        """The answer to a call; events that come before it are kept."""
        end = time.monotonic() + seconds
        while True:
            message = self.message(end - time.monotonic())
            if "method" in message:
                self.events.append(message)
            elif message.get("id") == wanted:
                if "error" in message:
                    raise RpcError(message["error"])
                return message["result"]
            else:
                raise AssertionError(f"an answer to nothing that was asked: {message}")

    def call(self, method, seconds=5.0, **params):
        return self.answer(self.request(method, **params), seconds)

    def refused(self, name, method, **params):
        """The call must be refused with this error name; the error."""
        try:
            result = self.call(method, **params)
        except RpcError as error:
            assert error.name == name, f"wanted {name}, got {error} {error.data}"
            # One sentence that says something to a person
            assert len(error.message) > 10 and error.message[-1] in ".!", error.message
            return error
        raise AssertionError(f"wanted {name}, but {method} was done: {result}")

    # ---- events ----

    def subscribe(self, **params):
        return self.call("telemetry.subscribe", **params)

    def event(self, name, seconds=5.0, **match):
        """The next event of this name with these values; those before it are dropped."""
        end = time.monotonic() + seconds
        passed = []
        while True:
            if self.events:
                message = self.events.pop(0)
            else:
                try:
                    message = self.message(end - time.monotonic())
                except AssertionError:
                    raise AssertionError(
                        f"no event {name} {match} within {seconds:g} s; came: {passed}") from None
            assert "method" in message, f"an answer while waiting for an event: {message}"
            params = message["params"]
            if params.get("event") == name and all(
                    params.get(key) == value for key, value in match.items()):
                return params
            passed.append({key: params.get(key) for key in ("event", "state", "to", "fault")
                           if key in params})
