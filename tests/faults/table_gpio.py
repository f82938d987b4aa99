# SPDX-License-Identifier: GPL-2.0-or-later
"""The fault matrix of a GPIO handpiece: what breaks on its lines, and what anybody may do to it."""

import errno
import time
from dataclasses import replace

from board import INPUT, Bench
from effects import Done, both, done, injected
from hands import line
from microneedle import abi
from microneedle.power import put
from microneedle.wait import refused
from row import Row, either, later, never, now, states
from table import (HOST, LEASES, PRESSED, active, changed, interlock, stop, stops, told,
                   with_count)
from transport import MS, US

EDGE_MS = 0.02  # an interrupt, and the record of what it found
EDGE = "the interrupt itself"
SILENCE_MS = 300
SILENCE = "100 ms; 300 ms while the outcome of START is open"
GO_MS = 10  # until a step is due that contradicts the switch
HOME_MS = 80  # what the way home may take
NO_POWER = "the motor has no power then"


# ---- what is done to it ----

def run_and_stop(play):
    """What waits in the stop that is on its way acts in the run, or as it ends."""
    if play.state == "STARTING":
        play.watch.wait_strokes(2)
    stop(play)


def let_go(play):
    if play.state == "STARTING":
        play.watch.wait_strokes(2)
    play.rig.press(False)


def sleep(play):
    """The whole system, for a second, by the kernel's own test mode."""
    put("/sys/module/suspend/parameters/pm_test_delay", "1")
    put("/sys/power/pm_test", "devices")
    began = time.monotonic_ns()
    try:
        put("/sys/power/state", "mem")
    finally:
        put("/sys/power/pm_test", "none")
    play.slept_ns = time.monotonic_ns() - began


def self_test(play):
    play.ctl.device.ioctl("SELF_TEST")


def swap(play):
    play.rig.swap_cartridge()


def declared_again(play):
    """Once an insertion: what it is cannot be said anew."""
    with refused(errno.EEXIST if play.state in ("SAFE", "STOPPING") else errno.EBADFD):
        play.rig.declare(play.ctl.device, max_strokes=1)
    play.answered = True


def does_not_start(play):
    """Nothing keeps it from being armed, but it is not started."""
    play.ready_to_arm()
    play.ctl.arm()
    time.sleep(0.11)
    play.watch.forget()
    strokes = play.hp.state()["strokes"]
    play.rig.press()
    play.watch.wait_state("SAFE", cause=abi.MN_CAUSE_START_FAILED)
    return play.hp.state()["strokes"] == strokes


def pulses(play):
    """Two on the stroke sensor's line, as a spark would make them; when they came."""
    if play.state in ("SAFE", "ARMED"):
        # Until nothing of the last run can be meant any more
        time.sleep(0.2)
        play.began = time.monotonic_ns()
    with Bench() as board:
        at_ns = time.monotonic_ns() + 200 * US
        board.stimuli(*((at_ns + n * 100 * US, line("stroke"), level)
                        for n, level in enumerate((1, 0, 0, 1, 0))))
        return [event.ns for event in board.collect(0.002)
                if (event.kind, event.index, event.value) == (INPUT, line("stroke"), 1)
                and at_ns <= event.ns < at_ns + 500 * US]


def pulsed(play):
    seen = pulses(play)
    return Done(seen[0], "the pulses", lambda: len(seen) == 2)


# ---- rows ----

def in_run(code, stopping=None, later_ms=0, **more):
    """It shows in strokes that are made."""
    want = later(code, **{**more, "bound_ms": later_ms})
    return states(want, want, now(code, **more), now(code, **more),
                  stopping or either(code, bound_ms=later_ms))


def harmless(**more):
    """The run that it happens in goes on."""
    want = {"stays": "RUNNING", **more}
    return states(later(**want), later(**want), now(**want), now(**want), never(NO_POWER))


STOPPED = {"to": "SAFE", "cause": "STOP"}


def at_the_stop(stopping, act=run_and_stop, **more):
    """It shows, or does not, when the run is stopped."""
    want = {"act": act, **STOPPED, **more}
    return states(later(**want), later(**want), now(**want), now(**want), stopping)


def only_safe(want):
    why = never("a self-test is refused")
    return states(want, why, why, why, why)


def switch(name, how):
    return injected("switch_stuck", which=name, how=how)


DEPTH_STOP = [
    Row("lost steps", injected("lost_steps", count=20), "lost_steps",
        "driver/stepper.c:contradicted", "MEASUREMENT", GO_MS, "the steps that open the switch",
        states(later("MEASUREMENT"), later("MEASUREMENT"),
               now("NOT_HOME", act=stop, bound_ms=HOME_MS), now("MEASUREMENT"),
               now("NOT_HOME", bound_ms=HOME_MS))),
    Row("lost steps within the play", injected("lost_steps", count=3), "lost_steps few",
        "driver/stepper.c:creep_due", "", 0, "rightly none",
        at_the_stop(now(stays="SAFE")), act=run_and_stop),
    Row("depth stop jammed", injected("lost_steps", count=100000), "lost_steps all",
        "driver/stepper.c:contradicted", "MEASUREMENT", GO_MS, "the steps that open the switch",
        states(later("MEASUREMENT"), later("MEASUREMENT"),
               now("NOT_HOME", act=stop, home=False, bound_ms=200), now("MEASUREMENT"),
               now("NOT_HOME", home=False, bound_ms=200))),
    Row("home switch stuck open", switch("home", "open"), "switch_stuck home open",
        "driver/stepper.c:creep_due", "NOT_HOME", HOME_MS, "the play, slowly",
        states(now(stays="SAFE", refusal=interlock("NOT_HOME")),
               now(stays="ARMED", refusal=interlock("NOT_HOME")),
               now("NOT_HOME", act=stop), now("NOT_HOME", act=run_and_stop, bound_ms=200),
               now("NOT_HOME"))),
    Row("home switch stuck closed", switch("home", "closed"), "switch_stuck home closed",
        "driver/gpio_motion.c:mn_gpio_at_home", "MEASUREMENT", GO_MS,
        "the steps that open the switch",
        states(later("MEASUREMENT"), later("MEASUREMENT"), now("MEASUREMENT", bound_ms=EDGE_MS),
               now("MEASUREMENT"), now("MEASUREMENT", home=False))),
    Row("home switch bounces", injected("switch_bounce", which="home", ms=1, count=2),
        "switch_bounce home", "driver/stepper.c:contradicted", "", 0, "rightly none",
        at_the_stop(now(stays="SAFE")), act=run_and_stop),
    Row("home switch that does not open in the self-test", switch("home", "closed"),
        "switch_stuck home closed, SELF_TEST", "driver/stepper.c:test_due", "SELF_TEST", 50,
        "the play and 8 steps, slowly", only_safe(now("SELF_TEST", act=self_test))),
    Row("home switch that does not close in the self-test", switch("home", "open"),
        "switch_stuck home open, SELF_TEST", "driver/stepper.c:test_due", "SELF_TEST", 1500,
        "the travel and a quarter, slowly", only_safe(now("SELF_TEST", act=self_test))),
    Row("depth-end switch pressed", switch("depth_end", "closed"), "switch_stuck depth_end closed",
        "driver/gpio_lines.c:on_depth_end", "OVER_DEPTH", EDGE_MS, EDGE,
        states(now("OVER_DEPTH"), now("OVER_DEPTH"), now("OVER_DEPTH", home=False),
               now("OVER_DEPTH", home=False),
               now(stays="SAFE", refusal=does_not_start))),
]

MOTOR = [
    Row("stroke sensor dead", injected("pulse_loss", strokes=100000), "pulse_loss",
        "driver/safety.c:expire", "STROKE_SILENCE", SILENCE_MS, SILENCE,
        in_run("STROKE_SILENCE", now(stays="SAFE"))),
    Row("one pulse lost", injected("pulse_loss", strokes=1), "pulse_loss one",
        "driver/safety_reports.c:check_rate", "", 0, "rightly none", harmless()),
    Row("stall", injected("stall"), "stall", "driver/safety.c:expire", "STROKE_SILENCE",
        SILENCE_MS, SILENCE,
        in_run("STROKE_SILENCE", now(stays="SAFE"))),
    Row("extra pulses", injected("extra_pulses", strokes=200, after_strokes=15), "extra_pulses",
        "driver/safety_reports.c:check_rate", "OVER_RATE", EDGE_MS, EDGE,
        in_run("OVER_RATE", later_ms=300)),
    Row("extra pulses from the first on", injected("extra_pulses", strokes=200),
        "extra_pulses from the first on", "driver/speed.c:mn_speed_stroke", "", 0,
        "rightly none: it makes fewer strokes than it counts",
        {**harmless(), "RUNNING": never("it has made strokes already")}),
    Row("pulses that nobody made", pulsed, "pulses", "driver/safety_reports.c:mn_safety_stroke",
        "UNEXPECTED_MOTION", EDGE_MS, EDGE,
        states(now("UNEXPECTED_MOTION"), now("UNEXPECTED_MOTION"), now("OVER_RATE", bound_ms=0.5),
               now("UNEXPECTED_MOTION"), now("OVER_RATE", bound_ms=0.5))),
    Row("runaway", injected("runaway"), "runaway", "driver/safety_reports.c:check_rate",
        "OVER_RATE", 60,
        "15 ms from set rate to beyond the limit, and a stroke", in_run("OVER_RATE")),
    Row("slow", done(lambda play: play.hp.inject("runaway", mhz=30000), "it to be slow",
                     lambda play: 0 < play.hp.state()["rate_mhz"] < 50000),
        "runaway slow", "driver/safety_reports.c:check_rate", "UNDER_RATE", 550,
        "run-up 300 ms, then 200 ms, and a stroke", in_run("UNDER_RATE", later_ms=750)),
    Row("heavy load", done(lambda play: play.hp.skin(load=1000), "the load",
                           lambda play: play.hp.state()["load"] == 1000),
        "load", "driver/speed.c:mn_speed_stroke", "", 0, "rightly none",
        states(later(stays="RUNNING"), later(stays="RUNNING"), now(stays="RUNNING"),
               now(stays="RUNNING"), now(stays="SAFE"))),
]

POWER = [
    Row("PWM stuck", injected("pwm_stuck"), "pwm_stuck", "driver/gpio_lines.c:mn_gpio_drop_for",
        "", 0.1, "the drive line cuts it",
        states(later("STROKE_SILENCE", bound_ms=SILENCE_MS),
               later("STROKE_SILENCE", bound_ms=SILENCE_MS),
               now(act=stop, **STOPPED), now("STROKE_SILENCE", bound_ms=SILENCE_MS),
               never("it is off already"))),
    Row("drive line stuck", injected("drive_stuck"), "drive_stuck",
        "driver/gpio_motion.c:mn_gpio_rest", "", 0.1, "the PWM stops it",
        at_the_stop(never("it is off already")), act=run_and_stop),
    Row("drive line and PWM stuck", both(injected("pwm_stuck"), injected("drive_stuck")),
        "pwm_stuck and drive_stuck", "driver/gpio_ops.c:mn_gpio_lease", "", 0.1,
        "the one-shot, which is not retriggered any more",
        states(never(NO_POWER), never(NO_POWER), now(act=stop, **STOPPED), never(NO_POWER),
               never("it is off already")), stop="lease"),
    Row("drive line and PWM stuck as the foot lets go",
        both(injected("pwm_stuck"), injected("drive_stuck")),
        "pwm_stuck and drive_stuck, released", "driver/safety_reports.c:mn_safety_report",
        "UNEXPECTED_MOTION", 130.1, "run-down 80 ms, and the next report; then the one-shot",
        states(never(NO_POWER), never(NO_POWER), now("UNEXPECTED_MOTION", act=let_go),
               never(NO_POWER), never("it is off already")), stop="lease"),
    Row("one-shot that sees no edge", injected("watchdog_unseen"), "watchdog_unseen",
        "driver/safety.c:expire", "STROKE_SILENCE", SILENCE_MS, SILENCE,
        in_run("STROKE_SILENCE", never(NO_POWER))),
]

LINES = [
    Row("emergency stop",
        done(lambda play: play.hp.set("emergency_stop", True), "the line to be open",
             lambda play: play.hp.state()["inputs"]["emergency_stop"]),
        "emergency stop pressed", "driver/gpio_lines.c:on_emergency_stop", "EMERGENCY_STOP",
        EDGE_MS, EDGE, told("EMERGENCY_STOP")),
    Row("emergency stop's wire broken", switch("emergency_stop", "open"),
        "switch_stuck emergency_stop open", "driver/gpio_lines.c:on_emergency_stop",
        "EMERGENCY_STOP", EDGE_MS, EDGE, told("EMERGENCY_STOP")),
    Row("emergency stop bounces",
        both(injected("switch_bounce", which="emergency_stop", ms=5, count=1),
             done(lambda play: play.hp.set("emergency_stop", True), "the line to be open",
                  lambda play: play.hp.state()["inputs"]["emergency_stop"])),
        "switch_bounce emergency_stop", "driver/gpio_lines.c:on_emergency_stop",
        "EMERGENCY_STOP", EDGE_MS, EDGE, told("EMERGENCY_STOP")),
    Row("cartridge pulled",
        done(with_count(lambda play: play.hp.remove()), "it to be out", changed),
        "cartridge removed", "driver/gpio_lines.c:on_cartridge", "CARTRIDGE", EDGE_MS, EDGE,
        active("CARTRIDGE", now(stays="SAFE", refusal=interlock("CARTRIDGE_ABSENT")))),
    Row("cartridge swapped", done(with_count(swap), "the swap", changed), "cartridge swapped",
        "driver/gpio_lines.c:on_cartridge", "CARTRIDGE", EDGE_MS, EDGE,
        active("CARTRIDGE", now(stays="SAFE", refusal=interlock("CARTRIDGE_UNREADABLE")))),
    Row("cartridge switch opens", switch("cartridge", "open"), "switch_stuck cartridge open",
        "driver/gpio_lines.c:on_cartridge", "CARTRIDGE", EDGE_MS, EDGE,
        active("CARTRIDGE", now(stays="SAFE", refusal=interlock("CARTRIDGE_ABSENT")))),
    Row("cartridge declared again", done(declared_again, "the refusal",
                                         lambda play: play.answered),
        "DECLARE_CARTRIDGE", "driver/safety_cartridge.c:mn_cartridge_declare", "", 0,
        "it is refused",
        states(now(stays="SAFE"), now(stays="ARMED"), now(stays="RUNNING"), now(stays="RUNNING"),
               now(stays="SAFE"))),
    Row("foot switch's wire broken", switch("foot_switch", "open"),
        "switch_stuck foot_switch open", "driver/gpio_lines.c:on_foot_switch", "", EDGE_MS, EDGE,
        states(never("it reads released as it is"), never("it reads released as it is"),
               now(to="ARMED", cause="TRIGGER_RELEASED"),
               now(to="ARMED", cause="TRIGGER_RELEASED"), now(stays="SAFE"))),
    Row("foot switch bounces as it is pressed",
        injected("switch_bounce", which="foot_switch", ms=5, count=1),
        "switch_bounce foot_switch", "driver/safety_reports.c:follow_trigger", "", 0,
        "it starts once",
        states(later(stays="RUNNING"), later(stays="RUNNING"), never(PRESSED), never(PRESSED),
               never(PRESSED))),
    Row("foot switch bounces as it is let go",
        injected("switch_bounce", which="foot_switch", ms=5, count=1),
        "switch_bounce foot_switch released", "driver/gpio_lines.c:on_foot_switch", "", EDGE_MS,
        EDGE, states(never("it is up already"), never("it is up already"),
                     now(to="ARMED", cause="TRIGGER_RELEASED", act=let_go),
                     now(to="ARMED", cause="TRIGGER_RELEASED", act=let_go), never("it is SAFE"))),
]

# What does not come from the handpiece is the same with any
OF_USB_ALONE = ("bus reset by a program",)
ANYBODY = [replace(row) for row in LEASES[1:] + HOST if row.name not in OF_USB_ALONE]
for row in ANYBODY:
    if row.name == "foot switch released":
        row.detector = "driver/gpio_lines.c:on_foot_switch"
        row.bound_ms, row.source = EDGE_MS, EDGE

SYSTEM = [
    Row("system goes to sleep", done(sleep, "it to have slept",
                                     lambda play: play.slept_ns >= 1000 * MS),
        "suspend", "driver/gpio.c:on_sleep", "", 1, "before anything else sleeps",
        stops("SUSPEND")),
]

ROWS = DEPTH_STOP + MOTOR + POWER + LINES + ANYBODY + SYSTEM
