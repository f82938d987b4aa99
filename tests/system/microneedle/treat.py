# SPDX-License-Identifier: GPL-2.0-or-later
"""What an operator's program does through the daemon."""

import time

PRECHECKS = {"consent": True, "contraindications": True, "cartridge": True}
PLAN = {"patient": "P-1234", "indication": "wrinkles", "area": "forehead", "area_cm2": 7,
        "density_per_cm2": 200, "depth_um": 500, "rate_mhz": 100000, "prechecks": PRECHECKS}
STROKES = 100  # of that plan, with 14 needles
LONG = {"area_cm2": 700}  # a plan that no test sees the end of


def open_session(client, **changes):
    """The id of a new session."""
    return client.call("session.open", **{**PLAN, **changes})["session"]


def press_when_armed(station):
    """A press counts after 100 ms of released."""
    time.sleep(0.11)
    station.press()


def run_session(station, client, session, strokes=3, **set_point):
    """Arm, press, and see strokes; the client is subscribed to all when this returns."""
    armed = client.call("session.arm", session=session, **set_point)
    assert armed["state"] == "armed" and armed["trigger"] == "foot_switch"
    press_when_armed(station)
    client.event("state", to="running")
    seen = 0
    while seen < strokes:
        seen += client.event("stroke")["count"]
    return armed


def start_session(station, client, strokes=3, **changes):
    """Open, subscribe, arm, run: the session's id."""
    client.subscribe(interval_ms=50)
    session = open_session(client, **{**LONG, **changes})
    run_session(station, client, session, strokes)
    return session
