# SPDX-License-Identifier: GPL-2.0-or-later
"""The fault matrix: what is broken, who must notice, with which fault, and how soon."""

import errno
import os
import signal
import time
from dataclasses import replace

import host
from effects import both, done, injected
from microneedle import abi, bus
from microneedle.device import NODE, Device
from microneedle.wait import refused, until
from row import Row, either, later, never, now, replug, states

PACKET_MS = 0.252  # handed to the bus to looked at by the driver: two bus services
ANSWER_MS = 5  # a request on endpoint 0 and what it takes to ask again
PACKET = "the packet that tells it: two bus services"
NO_RUN = "there is no stroke that it could spoil"
PRESSED = "the foot switch is down already"


# ---- what is done to it ----

def stop(play):
    play.watch.stop()


def update(play):
    try:
        play.ctl.device.update(depth_um=400)
    except OSError as error:
        assert error.errno in (errno.ECANCELED, errno.EREMOTEIO, errno.EPROTO, errno.ENODEV,
                               errno.ETIMEDOUT, errno.EAGAIN), error


def arm(play):
    """It is asked for; whether it is granted is another question."""
    play.began = time.monotonic_ns()
    try:
        play.ctl.device.arm()
    except OSError as error:
        assert error.errno in (errno.EAGAIN, errno.EBADFD, errno.ECANCELED, errno.ENODEV,
                               errno.ERANGE), error


def interlock(name):
    bit = abi.CONSTANTS[f"MN_INTERLOCK_{name}"]
    return lambda play: until(f"interlock {name}",
                              lambda: play.watch.status().interlocks & bit, 0.5, 0.005)


def not_armed(play):
    with refused(errno.EAGAIN, errno.ERANGE):
        play.ctl.device.arm()
    return True


def refused_device(_play):
    """What says wrong things of itself is no device."""
    return not os.path.lexists(NODE)


def arms(play):
    """It was no obstacle at all."""
    return play.watch.status().state == abi.MN_STATE_ARMED


def swap(play, **cartridge):
    play.hp.remove()
    play.hp.insert(uid=play.rig.new_uid(), **cartridge)
    play.rig.cartridges += 1


def reinsert(play):
    uid = play.hp.state()["cartridge"]["uid"]
    if play.state == "SAFE":
        play.ctl.arm()
        play.watch.stop()
        until("SAFE", lambda: play.watch.status().state == abi.MN_STATE_SAFE, 1)
        play.watch.forget()
    play.hp.remove()
    play.hp.insert(uid=uid)


def changed(play):
    return play.hp.state()["insertions"] != play.insertions


def with_count(act):
    def counted(play):
        play.insertions = play.hp.state()["insertions"]
        act(play)
    return counted


def hostile(play):
    """Somebody else, who opened it to write, tries all that a controller may do."""
    with Device() as other:
        with refused(errno.EBUSY):
            other.acquire(heart=False)
        for name in ("START", "HEARTBEAT", "RELEASE"):
            with refused(errno.EPERM):
                other.ioctl(name)
        with refused(errno.EPERM):
            other.arm()
        with refused(errno.EPERM):
            other.update(depth_um=1500)
        with refused(errno.EPERM):
            other.set_limits()
        with refused(errno.EPERM):
            other.clear(1)
    play.answered = True


def too_deep(play):
    device = play.ctl.device
    request = device.arm if play.state in ("SAFE", "STOPPING") else device.update
    for values in ({"depth_um": 1510}, {"depth_um": 0xffffffff}, {"rate_mhz": 151000},
                   {"strokes": 100001}, {"run_ms": 300001}):
        with refused(errno.ERANGE):
            request(**values)
    play.answered = True


def answered(play):
    return play.answered


def late_renewal(play):
    play.ctl.device.stop_heart()
    time.sleep(abi.MN_LEASE_DEFAULT_MS / 1000 + 0.001)
    with refused(errno.ETIME):
        play.ctl.device.heartbeat()


def no_heart(play):
    play.ctl.device.stop_heart()


def kill_handpiece(play):
    play.hp.process.kill()
    play.hp.process.wait()


def close(play):
    play.ctl.device.close()


def closed(play):
    return play.ctl.device.fd < 0


def quiet(play):
    """STOP was sent, and did not get there on its endpoint."""
    return not [event for event in play.trace.read("kill") if event["mono_ns"] >= play.began]


# ---- rows that are alike ----

def measured(code, **more):
    """It shows in what is told of strokes."""
    return states(later(code, **more), later(code, **more), now(code, **more), now(code, **more),
                  either(code, **more))


def told(code):
    """The handpiece tells it at once, in whatever state."""
    return states(now(code), now(code), now(code), now(code), now(code))


def active(code, safe=None, **more):
    """A fault only where something is armed or runs."""
    return states(safe or now(stays="SAFE"), now(code, **more), now(code, **more),
                  now(code, **more), now(stays="SAFE"))


def identity():
    """It shows when the handpiece says what it is: not before it comes anew."""
    want = replug(refusal=refused_device)
    return states(want, want, want, want, want)


# Who notices
REPORT = "driver/safety_reports.c:mn_safety_report"
FOLLOW_CARTRIDGE = "driver/safety_cartridge.c:mn_cartridge_follow"
READ_TAG = "driver/safety_cartridge.c:mn_cartridge_read"
FOLLOW_TRIGGER = "driver/safety_reports.c:follow_trigger"
EXPIRE = "driver/safety.c:expire"


def stroke_row(name, inject, code, check, bound_ms=PACKET_MS, source=PACKET, **more):
    detector = check if ":" in check else f"driver/safety_reports.c:{check}"
    return Row(name, inject, name, detector, code, bound_ms, source,
               measured(code), **more)


MEASURED = [
    stroke_row("overshoot", injected("overshoot", um=300), "OVER_DEPTH", "check_depth"),
    stroke_row("depth beyond belief", injected("frozen_depth", um=20000), "MEASUREMENT",
               "check_depth"),
    stroke_row("frozen depth", injected("frozen_depth"), "DEPTH_FROZEN", "check_depth", 450,
               "32 strokes at the set rate, and run-up"),
    stroke_row("depth not measured",
               injected("missing_measurement", which="depth"), "MEASUREMENT", "check_depth"),
    stroke_row("rate not measured", injected("missing_measurement", which="rate"), "MEASUREMENT",
               "check_rate", 100, "the stroke after the first"),
    stroke_row("current not measured",
               injected("missing_measurement", which="current"), "MEASUREMENT", "check_current"),
    stroke_row("runaway", injected("runaway"), "OVER_RATE", "check_rate", 20,
               "15 ms from set rate to beyond the limit, and a packet"),
    stroke_row("slow", injected("slow"), "UNDER_RATE", "check_rate", 550,
               "run-up 300 ms, then 200 ms, and a stroke"),
    stroke_row("over-current", injected("over_current", ma=2001), "OVER_CURRENT",
               "check_current"),
    stroke_row("lost report", injected("report_gap"), "SEQUENCE", "check_sequence"),
    stroke_row("repeated report", injected("report_repeat"), "SEQUENCE", "check_sequence"),
    stroke_row("late report", injected("report_late", ms=60), "BACKLOG", "mn_safety_stroke"),
    stroke_row("very late report", injected("report_late", ms=290, lead_ms=290),
               "STROKE_SILENCE", EXPIRE, 300,
               "100 ms; 300 ms while the outcome of START is open"),
    stroke_row("no reports", injected("stroke_silence"), "STROKE_SILENCE", EXPIRE, 300,
               "100 ms; 300 ms while the outcome of START is open"),
    stroke_row("stall", injected("stall"), "STROKE_SILENCE", EXPIRE, 300,
               "100 ms; 300 ms while the outcome of START is open"),
    stroke_row("stall that the handpiece notices", injected("stall", own=True), "UNDER_RATE",
               "mn_safety_report", 60.252, "the handpiece's own 60 ms, and a packet"),
    stroke_row("malformed stroke report", injected("malformed", which="strokes", how="value"),
               "PROTOCOL", "take_strokes"),
]
MEASURED[-1].detector = "driver/usb_parse.c:mnp_parse_strokes"

TOLD = [
    Row("over-temperature", injected("over_temperature", mc=60001), "over_temperature",
        REPORT, "OVER_TEMPERATURE", PACKET_MS, PACKET, told("OVER_TEMPERATURE")),
    Row("temperature not measured", injected("missing_measurement", which="temperature"),
        "missing_measurement temperature", REPORT, "OVER_TEMPERATURE", PACKET_MS,
        PACKET, told("OVER_TEMPERATURE")),
    Row("self-test failed", injected("self_test_fail"), "self_test_fail",
        REPORT, "SELF_TEST", PACKET_MS, PACKET, told("SELF_TEST")),
    Row("handpiece's own fault", injected("nv_fault", mask=1 << 9), "nv_fault internal",
        "driver/usb_parse.c:our_faults", "HANDPIECE", PACKET_MS, PACKET, told("HANDPIECE")),
    Row("handpiece's own sensor", injected("nv_fault", mask=1 << 8), "nv_fault sensor",
        "driver/usb_parse.c:our_faults", "MEASUREMENT", PACKET_MS, PACKET, told("MEASUREMENT")),
    Row("malformed status", injected("malformed", which="status", how="value"),
        "malformed status", "driver/usb_parse.c:mnp_parse_status", "PROTOCOL", PACKET_MS, PACKET,
        told("PROTOCOL")),
    Row("emergency stop",
        done(lambda play: play.hp.set("emergency_stop", True), "the line to be open",
             lambda play: play.hp.state()["inputs"]["emergency_stop"]),
        "emergency stop pressed", REPORT, "EMERGENCY_STOP", PACKET_MS + 0.1,
        PACKET, told("EMERGENCY_STOP")),
    Row("no status", injected("status_silence"), "status_silence", EXPIRE,
        "STATUS_SILENCE", 300.1, "300 ms from the last",
        states(now(stays="SAFE", refusal=interlock("STATUS")), now("STATUS_SILENCE"),
               now("STATUS_SILENCE"), now("STATUS_SILENCE"), now("NOT_HOME"))),
    Row("motion that nobody asked for", injected("unexpected_motion"), "unexpected_motion",
        "driver/safety_reports.c:mn_safety_stroke", "UNEXPECTED_MOTION", 100,
        "its first stroke: 100 ms",
        states(now("UNEXPECTED_MOTION"), now("UNEXPECTED_MOTION"), never("motion was asked for"),
               never("motion was asked for"), now("UNEXPECTED_MOTION"))),
]
# Not before the needles are home, or it is no motion of its own
TOLD[-1].inject = lambda play: injected(
    "unexpected_motion", in_ms=60 if play.state == "STOPPING" else 0)(play)

CARTRIDGE = [
    Row("cartridge pulled",
        done(with_count(lambda play: play.hp.remove()), "it to be out", changed),
        "cartridge removed", FOLLOW_CARTRIDGE, "CARTRIDGE", PACKET_MS + 0.1,
        PACKET, active("CARTRIDGE", now(stays="SAFE", refusal=interlock("CARTRIDGE_ABSENT")))),
    Row("cartridge swapped", done(with_count(swap), "the swap", changed), "cartridge swapped",
        FOLLOW_CARTRIDGE, "CARTRIDGE", PACKET_MS + 0.1, PACKET,
        active("CARTRIDGE")),
    Row("used cartridge put in again", done(with_count(reinsert), "the insertion", changed),
        "cartridge reinserted", FOLLOW_CARTRIDGE, "CARTRIDGE", PACKET_MS + 0.1,
        PACKET, active("CARTRIDGE", now(stays="SAFE", refusal=interlock("CARTRIDGE_SPENT")))),
    Row("expired cartridge",
        done(with_count(lambda play: swap(play, expiry_days=-1)), "the insertion", changed),
        "expired cartridge inserted", "driver/safety.c:mn_safety_interlocks", "CARTRIDGE",
        PACKET_MS + 0.1, PACKET,
        active("CARTRIDGE", now(stays="SAFE", refusal=interlock("CARTRIDGE_EXPIRED")))),
    Row("tag that fails its check", injected("bad_crc"), "bad_crc",
        "driver/usb_parse.c:mnp_parse_cartridge", "CARTRIDGE", PACKET_MS + 0.1,
        PACKET + "; a tag is read when it comes",
        states(now(stays="SAFE", act=swap, refusal=interlock("CARTRIDGE_UNREADABLE")),
               now("CARTRIDGE", act=swap), now("CARTRIDGE", act=swap),
               now("CARTRIDGE", act=swap),
               now(stays="SAFE", act=swap, refusal=interlock("CARTRIDGE_UNREADABLE")))),
    Row("malformed tag", injected("malformed", which="cartridge", how="version"),
        "malformed cartridge", "driver/usb_parse.c:mnp_parse_cartridge", "PROTOCOL", PACKET_MS,
        PACKET, states(now("PROTOCOL", act=swap), now("CARTRIDGE", act=swap),
                       now("CARTRIDGE", act=swap), now("CARTRIDGE", act=swap),
                       now("PROTOCOL", act=swap))),
    Row("tag that cannot be read any more",
        done(lambda play: play.hp.read_error(), "the tag to be bad",
             lambda play: not play.hp.state()["cartridge"]["valid"]),
        "read_error", READ_TAG, "", 0, "it is read when it is marked",
        states(now(stays="SAFE", refusal=not_armed), now(stays="ARMED"), now(stays="RUNNING"),
               now(stays="RUNNING"), now(stays="SAFE"))),
]

REQUESTS = [
    Row("START refused", injected("reject_start"), "reject_start", "driver/safety.c:started", "",
        10, "RESULT is asked for every 2 to 4 ms",
        states(later(to="SAFE", cause="START_FAILED"), later(to="SAFE", cause="START_FAILED"),
               now(to="SAFE", cause="START_FAILED", act=update), never("START was decided"),
               later(to="SAFE", cause="START_FAILED"))),
    Row("START decided too late", injected("late_result", ms=200, request="start"),
        "late_result start", "driver/usb_request.c:request_out", "TRANSPORT", 115,
        "MN_DECIDE_MS, and a tick of the timer",
        states(later("TRANSPORT"), later("TRANSPORT"), now("TRANSPORT", act=update),
               never("START was decided"), later("TRANSPORT"))),
    Row("mark decided too late", injected("late_result", ms=300, request="mark"),
        "late_result mark", READ_TAG, "", 0, "it is read back",
        states(now(act=arm, refusal=arms), never("it is marked"), never("it is marked"),
               never("it is marked"), never("it is marked"))),
    Row("outcome that cannot be understood", injected("malformed", which="result", how="value"),
        "malformed result", "driver/usb_request.c:ask_result", "PROTOCOL", ANSWER_MS,
        "the answer on endpoint 0",
        states(now("PROTOCOL", act=arm), later("PROTOCOL"), now("PROTOCOL", act=update),
               now("PROTOCOL"), later("PROTOCOL"))),
    Row("identity that is malformed", injected("malformed", which="identify", how="length"),
        "malformed identify", "driver/usb_parse.c:mnp_parse_identify", "", 0,
        "before there is a device", identity()),
    Row("wrong version", injected("wrong_version"), "wrong_version",
        "driver/usb_parse.c:mnp_parse_identify", "", 0, "before there is a device", identity()),
    Row("depth not declared", injected("missing_measurement", which="depth", on="identify"),
        "missing_measurement identify", "driver/safety_limits.c:mn_safety_check_caps", "", 0,
        "before there is a device", identity()),
    Row("cable pulled while it identifies", injected("disconnect_at", step="identify"),
        "disconnect_at identify", "driver/usb_request.c:mn_usb_identify", "", 0,
        "before there is a device",
        identity()),
    Row("old calibration", injected("calibration", age_days=366), "calibration",
        "driver/safety.c:mn_safety_interlocks", "", 0, "with IDENTIFY",
        dict.fromkeys(("SAFE", "ARMED", "RUNNING", "STARTING", "STOPPING"), replug())),
]


def calibration_open(play):
    """It came anew: its file is another one."""
    play.rig.wait_node()
    play.watch.close()
    play.watch = Device(flags=os.O_RDONLY)
    return interlock("CALIBRATION")(play)


REQUESTS[-1].states = dict.fromkeys(REQUESTS[-1].states, replug(refusal=calibration_open))

LEASES = [
    Row("renewals that do not reach it", injected("ignore_lease", how="renewals"),
        "ignore_lease renewals", "driver/usb_parse.c:our_faults", "HANDPIECE_LEASE", 106,
        "the handpiece's lease 100 ms, and a packet",
        states(later(to="SAFE", cause="START_FAILED", bound_ms=200),
               now(stays="ARMED"), now("HANDPIECE_LEASE"),
               now("HANDPIECE_LEASE"), later(to="SAFE", cause="START_FAILED", bound_ms=200))),
    Row("program without a heartbeat",
        done(no_heart, "the heart to stand", lambda play: play.ctl.device.heart is None),
        "heartbeat missing", EXPIRE, "LEASE", 300.1, "the lease of 300 ms",
        active("LEASE"), ),
    Row("renewal that comes late", done(late_renewal, "ETIME", lambda play: True),
        "heartbeat late", "driver/safety.c:heartbeat", "LEASE", 300.1, "the lease of 300 ms",
        active("LEASE")),
    Row("program killed",
        done(lambda play: play.ctl.signal(signal.SIGKILL), "its death",
             lambda play: not play.ctl.pid),
        "SIGKILL", "driver/chrdev.c:mn_release_file", "CONTROLLER_LOST", 5,
        "the last close, which the kernel does for the dead",
        states(now(stays="SAFE"), now(to="SAFE", cause="RELEASE"), now("CONTROLLER_LOST"),
               now("CONTROLLER_LOST"), now(stays="SAFE")), program=True),
    Row("program stopped",
        done(lambda play: play.ctl.signal(signal.SIGSTOP), "it to stand",
             lambda play: play.ctl.stopped()),
        "SIGSTOP", EXPIRE, "LEASE", 300.1, "the lease of 300 ms",
        active("LEASE"), program=True),
    Row("program killed, its child holds the file",
        done(lambda play: (play.ctl.order(b"f"), play.ctl.signal(signal.SIGKILL)), "its death",
             lambda play: not play.ctl.pid),
        "fork and SIGKILL", EXPIRE, "LEASE", 300.1, "the lease of 300 ms",
        active("LEASE"), program=True),
    Row("file closed", done(close, "the close", closed), "close",
        "driver/request.c:mn_close", "CONTROLLER_LOST", 0.1, "the close itself",
        states(now(stays="SAFE"), now(to="SAFE", cause="RELEASE"), now("CONTROLLER_LOST"),
               now("CONTROLLER_LOST"), now(stays="SAFE"))),
]

def unheard(starting, act=stop):
    """A STOP that does not get through. Where nothing moves, nothing is late."""
    return states(now(stays="SAFE", act=act), now(to="SAFE", cause="STOP", act=act, stop="power"),
                  now("HANDPIECE_LEASE", act=act), replace(starting, act=act),
                  now("NOT_HOME", act=act))


# A START that a stop overtook is followed by a stop on endpoint 0, which is confirmed
CONFIRMED = now(to="SAFE", cause="STOP")

STOPS = [
    Row("needles stay out", injected("not_home"), "not_home", EXPIRE,
        "NOT_HOME", 100.1, "run-down 80 ms, and 20 ms for the report",
        states(later("NOT_HOME", home=False), later("NOT_HOME", home=False),
               now("NOT_HOME", home=False, act=stop), now("NOT_HOME", home=False, act=stop),
               now("NOT_HOME", home=False)), act=stop),
    Row("home not measured", injected("missing_measurement", which="home"),
        "missing_measurement home", EXPIRE, "NOT_HOME", 100.1,
        "run-down 80 ms, and 20 ms for the report",
        states(now(stays="SAFE", refusal=interlock("NOT_HOME")), now(stays="ARMED"),
               now("NOT_HOME", act=stop), now("NOT_HOME", act=stop), now("NOT_HOME"))),
    Row("STOP ignored on its endpoint", injected("ignore_stop", where="kill"),
        "ignore_stop kill", "driver/usb_parse.c:our_faults", "HANDPIECE_LEASE", 100.4,
        "the handpiece's lease 100 ms, and a packet", unheard(CONFIRMED), stop="lease"),
    Row("STOP not taken from the bus",
        lambda play: (play.hp.inject("ignore_stop", how="nak", where="kill"),
                      done(stop, "STOP to stay on the bus", quiet)(play))[1],
        "ignore_stop nak", "driver/usb_parse.c:our_faults", "HANDPIECE_LEASE", 101,
        "the handpiece's lease 100 ms, and a packet", unheard(CONFIRMED, act=None), stop="lease"),
    Row("STOP ignored on every way", injected("ignore_stop", where="any"), "ignore_stop any",
        "driver/usb_parse.c:our_faults", "HANDPIECE_LEASE", 100.4,
        "the handpiece's lease 100 ms, and a packet",
        unheard(now("HANDPIECE_LEASE", act=stop)), stop="lease"),
    Row("neither STOP on its endpoint nor its lease stop it",
        both(injected("ignore_lease", how="expiry"), injected("ignore_stop", where="kill")),
        "ignore_stop kill and ignore_lease expiry", "driver/core.c:mn_stop_work", "NOT_HOME",
        100.1, "run-down 80 ms, and 20 ms for the report; then endpoint 0",
        states(later("NOT_HOME"), later("NOT_HOME"), now("NOT_HOME", act=stop),
               never("once START is decided it is stopped on endpoint 0"),
               never("it obeyed STOP already")),
        act=stop, stop="lease"),
]

CABLE = [
    Row("cable pulled", done(lambda play: play.hp.unplug(), "it to be off the bus",
                             lambda play: not play.hp.state()["plugged"]),
        "unplug", "driver/lifetime.c:mn_revoke", "UNPLUGGED", 1500,
        "the hub's word, which the bus gives",
        states(now(gone=True), now(to="SAFE", cause="SUSPEND", gone=True, stop="power"),
               now("UNPLUGGED"), now("UNPLUGGED"), now(gone=True)), stop="lease"),
    Row("cable pulled at a stroke", injected("disconnect_at", step="running"),
        "disconnect_at running", "driver/lifetime.c:mn_revoke", "UNPLUGGED", 1500,
        "the hub's word, which the bus gives",
        states(later("UNPLUGGED"), later("UNPLUGGED"), now("UNPLUGGED"), now("UNPLUGGED"),
               later("UNPLUGGED")), stop="lease"),
    Row("cable pulled at START", injected("disconnect_at", step="start"), "disconnect_at start",
        "driver/lifetime.c:mn_revoke", "UNPLUGGED", 1500, "the hub's word, which the bus gives",
        states(later("UNPLUGGED"), later("UNPLUGGED"), now("UNPLUGGED", act=update),
               never("START was decided"), later("UNPLUGGED")), stop="lease"),
    Row("cable pulled at STOP", injected("disconnect_at", step="stop"), "disconnect_at stop",
        "driver/lifetime.c:mn_revoke", "", 1500, "a STOP is no fault",
        states(now(act=stop, gone=True), now(to="SAFE", cause="STOP", act=stop, gone=True),
               now(to="SAFE", cause="STOP", act=stop, gone=True),
               now(to="SAFE", cause="STOP", act=stop, gone=True), now(act=stop, gone=True)),
        stop="lease"),
    Row("cable pulled at the mark", injected("disconnect_at", step="mark"), "disconnect_at mark",
        "driver/request.c:mark_cartridge", "", 0, "nothing runs",
        states(now(act=arm, gone=True), never("it is marked"), never("it is marked"),
               never("it is marked"), never("it is marked"))),
    Row("brown-out", done(lambda play: play.hp.power_cycle(), "another boot",
                          lambda play: play.hp.state()["boot_id"] != play.boot),
        "power_cycle", REPORT, "HANDPIECE_RESTART", PACKET_MS + 0.1, PACKET,
        states(now(stays="SAFE"), now("HANDPIECE_RESTART"), now("HANDPIECE_RESTART"),
               now("HANDPIECE_RESTART"), now("HANDPIECE_RESTART"))),
    Row("brown-out with the bus lost",
        done(lambda play: play.hp.power_cycle(disconnect_ms=200), "another boot",
             lambda play: play.hp.state()["boot_id"] != play.boot),
        "power_cycle disconnect", "driver/lifetime.c:mn_revoke", "UNPLUGGED", 1500,
        "the hub's word, which the bus gives",
        states(now(gone=True), now(to="SAFE", cause="SUSPEND", gone=True, stop="power"),
               now("UNPLUGGED"), now("UNPLUGGED"), now(gone=True)), stop="lease"),
    Row("power and cable at once",
        done(kill_handpiece, "its end", lambda play: play.hp.process.poll() is not None),
        "handpiece killed", "driver/lifetime.c:mn_revoke", "UNPLUGGED", 1500,
        "the hub's word, which the bus gives",
        states(now(gone=True), now(to="SAFE", cause="SUSPEND", gone=True), now("UNPLUGGED"),
               now("UNPLUGGED"), now(gone=True)), stop="power"),
]
for row in CABLE[5:7]:
    row.inject = (lambda inject: lambda play: (
        setattr(play, "boot", play.hp.state()["boot_id"]), inject(play))[1])(row.inject)


def unchanged():
    return states(now(stays="SAFE"), now(stays="ARMED"), now(stays="RUNNING"),
                  now(stays="RUNNING"), now(stays="SAFE"))


def stops(cause):
    want = now(to="SAFE", cause=cause)
    return states(now(stays="SAFE"), want, want, want, now(stays="SAFE"))


HOST = [
    Row("foot switch pressed before its time",
        done(lambda play: play.rig.press(), "the press",
             lambda play: play.hp.state()["inputs"]["foot_switch"]),
        "foot switch pressed", FOLLOW_TRIGGER, "", 0, "nothing is to happen",
        states(now(stays="SAFE", refusal=interlock("TRIGGER")), now(stays="ARMED"),
               never(PRESSED), never(PRESSED), never(PRESSED))),
    Row("foot switch released",
        done(lambda play: play.rig.press(False), "the release",
             lambda play: not play.hp.state()["inputs"]["foot_switch"]),
        "foot switch released", FOLLOW_TRIGGER, "", PACKET_MS + 0.1, PACKET,
        states(never("it is up already"), never("it is up already"),
               now(to="ARMED", cause="TRIGGER_RELEASED"),
               now(to="ARMED", cause="TRIGGER_RELEASED"), now(stays="SAFE"))),
    Row("limit lowered beneath the set point",
        done(lambda play: play.ctl.device.set_limits(depth_um=400), "the limit",
             lambda play: play.ctl.device.limits().effective[abi.MN_QUANTITY_DEPTH] == 400),
        "SET_LIMITS", "driver/safety_limits.c:mn_safety_enforce", "", 0.1, "the request itself",
        stops("LIMIT")),
    Row("request beyond the limits", done(too_deep, "the refusals", answered), "ARM, UPDATE",
        "driver/safety_limits.c:mn_check_set", "", 0, "it is refused", unchanged()),
    Row("another program tries to take part", done(hostile, "the refusals", answered),
        "ioctls of another", "driver/request.c:controller_step", "", 0, "it is refused",
        unchanged()),
    Row("date lost", done(lambda play: host.lose_date(), "1970",
                          lambda play: time.time() < 2 * 86400 + 1000),
        "clock set back", "driver/safety.c:mn_safety_interlocks", "", 0, "nothing is to happen",
        states(now(stays="SAFE", refusal=interlock("CLOCK")), now(stays="ARMED"),
               now(stays="RUNNING"), now(stays="RUNNING"), now(stays="SAFE"))),
    Row("driver unbound", done(lambda play: host.unbind(), "no interface",
                               lambda play: not os.path.exists(NODE)),
        "unbind", "driver/lifetime.c:mn_device_unregister", "UNPLUGGED", 1, "the unbinding itself",
        states(now(gone=True), now(to="SAFE", cause="SUSPEND", gone=True), now("UNPLUGGED"),
               now("UNPLUGGED"), now(gone=True))),
    Row("bus reset by a program", done(lambda play: bus.reset(), "the reset",
                                       lambda play: True),
        "USBDEVFS_RESET", "driver/usb.c:mn_usb_pre_reset", "", 5, "before the reset",
        stops("SUSPEND")),
]

ROWS = MEASURED + TOLD + CARTRIDGE + REQUESTS + LEASES + STOPS + CABLE + HOST
