# SPDX-License-Identifier: GPL-2.0-or-later
"""The parts of a workstation: bus, driver, handpiece, daemon. Each as in use, each to be broken."""

import contextlib
import os
import signal
import subprocess
import sys
import time

from . import abi, bus, rpc
from .device import NODE, SERIAL, Device, new_treatment
from .kind import HANDPIECE
from .people import make_accounts
from .wait import until

sys.path.insert(0, os.path.join(abi.CHECKOUT, "tests", "handpiece"))
from handpiece import Handpiece, HandpieceError  # noqa: E402

BUILD = os.environ["MN_BUILD"]
MODULES = os.environ["MN_MODULES"]
OUT = os.environ["MN_OUT"]
CONFIG = "/etc/microneedle/microneedled.conf"
OPERATORS = """{"operators": {
  "mnop": {"qualification": "physician", "ceiling_um": 1500},
  "mncolleague": {"qualification": "esthetician", "ceiling_um": 800}},
 "default_ceiling_um": 500}"""
# That one handpiece process gets before it is replaced: it remembers 64, and a test takes up to 16
CARTRIDGES = 44


def run(*command, **keywords):
    """A program that must succeed; its output."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=60, check=False, **keywords)
    assert done.returncode == 0, f"{' '.join(command)}: status {done.returncode}\n{done.stdout}"
    return done.stdout


# ---- the driver ----

def load_bus():
    """Debian's kernels have the simulated bus as modules, UML's has it built in."""
    if not os.path.isdir("/sys/class/udc/dummy_udc.0"):
        run("modprobe", "-a", "libcomposite", "usb_f_fs")
        run("modprobe", "dummy_hcd", "num=2")


def loaded(module):
    return os.path.isdir(f"/sys/module/{module.replace('-', '_')}")


def load(module, *parameters):
    if not loaded(module):
        run("insmod", os.path.join(MODULES, f"{module}.ko"), *parameters)


def unload(module):
    if loaded(module):
        run("rmmod", module)


def load_driver(*parameters):
    load("microneedle", *parameters)
    load(HANDPIECE.module)


def unload_driver():
    unload(HANDPIECE.module)
    unload("microneedle")


# ---- the daemon ----

class Daemon:
    """microneedled as its unit would start it: its own user, its own directories."""

    user = "microneedle"
    program = os.path.join(BUILD, "bin", "microneedled")

    def __init__(self):
        self.process = None

    def start(self, *options):
        os.makedirs(os.path.dirname(CONFIG), exist_ok=True)
        with open(CONFIG, "w", encoding="ascii") as stream:
            stream.write(OPERATORS)
        for folder in ("/run/microneedle", "/var/lib/microneedle"):
            os.makedirs(folder, exist_ok=True)
            run("chown", f"{self.user}:{self.user}", folder)
        self.process = self.spawn(self.program, "--foreground", *options)
        until("the daemon's socket", self.answers, 5)
        return self

    def spawn(self, *command, **keywords):
        with open(os.path.join(OUT, "microneedled.log"), "ab") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, cwd="/",
                                    user=self.user, group=self.user, extra_groups=[],
                                    **{"stderr": log, **keywords})

    def answers(self):
        assert self.process.poll() is None, (
            f"the daemon ended with status {self.process.returncode}: see microneedled.log")
        with contextlib.suppress(ConnectionRefusedError, FileNotFoundError):
            rpc.Client().close()
            return True
        return False

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        os.kill(self.pid, number)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """End it as systemd would; its exit status."""
        if not self.running():
            return None
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        return self.process.wait(20)


# ---- all of it ----

class Workstation:
    """A workstation with the driver loaded; handpiece and daemon come when they are asked for."""

    def __init__(self):
        make_accounts()
        self.hp = None
        self.daemon = Daemon()
        self.cartridges = 0
        self.handpieces = 0
        self.uids = 0
        self.load_bus()
        self.load_driver()

    def load_bus(self):
        load_bus()

    def load_driver(self, *parameters):
        load_driver(*parameters)

    # -- the handpiece --

    def start_handpiece(self, **options):
        """A new one on the bus, of the same serial number: its own memory is gone."""
        self.stop_handpiece()
        self.handpieces += 1
        trace = os.path.join(OUT, f"handpiece-{self.handpieces}.jsonl")
        self.hp = Handpiece(SERIAL, trace=trace, **options)
        self.hp.start()
        self.cartridges = 1
        self.wait_node()
        return self.hp

    def stop_handpiece(self):
        if self.hp:
            self.hp.stop()
            self.hp = None
            self.wait_no_node()

    def wait_node(self):
        """Until udev has done its work, too."""
        until("the device's link by serial number",
              lambda: os.path.exists(NODE), 5, 0.01)

    def wait_no_node(self):
        until("the device to go", lambda: not os.path.lexists(NODE), 5, 0.01)

    def unplug(self):
        self.hp.unplug()
        self.wait_no_node()

    def plug(self):
        self.hp.plug()
        self.wait_node()

    def replug(self):
        self.unplug()
        self.plug()

    def new_cartridge(self, **what):
        """Take out what is in, and put a new one in; the driver has read it when this returns."""
        if self.hp.state()["cartridge"]["present"]:
            self.hp.remove()
        what.setdefault("uid", self.new_uid())
        uid = int(self.hp.insert(**what), 16)
        self.cartridges += 1
        with Device(flags=os.O_RDONLY) as device:
            until("the cartridge to be read", lambda: self.has_read(
                device.status(), 0 if what.get("corrupt") else uid))
        return uid

    def swap_cartridge(self):
        """Out and in again at once: another one."""
        if self.hp.state()["cartridge"]["present"]:
            self.hp.remove()
        self.hp.insert(uid=self.new_uid())
        self.cartridges += 1

    def insert_in_session(self, client):
        """Another one while a session has control; the daemon knows it when this returns."""
        self.hp.insert(uid=self.new_uid())
        self.cartridges += 1
        until("the cartridge to be read", lambda: client.call("device.status")["cartridge"])

    def new_uid(self):
        """Of a cartridge that nobody has seen; handpieces count theirs from the same number."""
        self.uids += 1
        return f"{0x4d4e7e5700000000 + self.uids:x}"

    @staticmethod
    def has_read(status, uid):
        return status.cartridge_flags & abi.MN_CARTRIDGE_PRESENT and status.cartridge_uid == uid

    def marked(self):
        """The cartridge carries a used mark."""
        return self.hp.state()["cartridge"]["used"]

    # -- before a test --

    def usable(self):
        """The handpiece is there and answers, whatever the last test did to it."""
        return (self.hp and self.hp.process.poll() is None and loaded("microneedle_usb") and
                self.cartridges < CARTRIDGES)

    def refresh(self):
        """As at the start of a day: plugged in, nothing pressed, a new cartridge, no fault."""
        self.load_driver()
        if self.usable():
            try:
                self.as_new()
                return
            except (AssertionError, OSError, HandpieceError) as error:
                print(f"what the last test left cannot be made good, starting anew: {error}")
        self.stop_handpiece()
        unload_driver()
        self.load_driver()
        self.start_handpiece()
        self.as_new()

    def as_new(self):
        hp = self.hp
        hp.clear_injections()
        hp.set("emergency_stop", False)
        hp.set("foot_switch", False)
        if not hp.state()["plugged"]:
            hp.plug()
        self.wait_node()
        self.make_ready()

    def make_ready(self):
        """A new cartridge, no fault, its self-test passed: a session may be opened."""
        self.new_cartridge()
        self.clear_faults()
        with Device() as device:
            self.pass_self_test(device)

    @staticmethod
    def pass_self_test(device):
        if device.status().self_test not in (abi.MN_SELF_TEST_PASSED, abi.MN_SELF_TEST_BUSY):
            device.ioctl("SELF_TEST")
        until("a self-test that passes",
              lambda: device.status().self_test == abi.MN_SELF_TEST_PASSED, 5)

    too_deep_faults = abi.bit("OVER_DEPTH")

    def too_deep(self):
        """The needles go too deep, and the driver is the one to see it; when they did."""
        return self.hp.inject("overshoot", um=300, own=False).wait()["mono_ns"]

    def clear_faults(self):
        with Device() as device:
            until("control of the device", lambda: self.try_to_control(device))
            until("the needles to be home",
                  lambda: device.status().inputs & abi.MN_INPUT_HOME, 2)
            if device.status().state == abi.MN_STATE_FAULT:
                device.clear()
        # Closing gives up control and sends no stop where nothing is armed

    @staticmethod
    def try_to_control(device):
        with contextlib.suppress(OSError):
            device.acquire(lease_ms=500)
            return True
        return False

    # -- a treatment without a daemon --

    @contextlib.contextmanager
    def control(self, lease_ms=0, treatment=None, heart=True, **limits):
        """An open file that controls the device and renews its lease."""
        with Device() as device:
            device.treatment = device.acquire(treatment or new_treatment(), lease_ms, heart)
            device.set_limits(**limits)
            device.forget()
            yield device

    def press(self, value=True):
        self.hp.set("foot_switch", value)

    def run(self, device, made=3, **set_point):
        """Arm, press the foot switch, and be running: so many strokes were made."""
        device.forget()
        armed = device.arm(**set_point)
        # A press counts after 100 ms of released
        time.sleep(0.11)
        self.press()
        device.wait_state("RUNNING")
        if made:
            device.wait_strokes(made)
        return armed

    def still(self, seconds=0.12):
        """The handpiece makes no further stroke, and its needles are home."""
        state = self.hp.wait_for(lambda state: state["inputs"]["home"], 1.0)
        time.sleep(seconds)
        after = self.hp.state()
        assert after["strokes"] == state["strokes"] and after["inputs"]["home"], after
        return after

    # -- what it did --

    def has_depth(self, um):
        """It is set to this depth."""
        return self.hp.state()["set_depth_um"] == um

    def killed(self, device=None):
        """It has obeyed the last stop, and no stroke came after it; when the stop came."""
        kill = self.hp.stats()["kill"]
        assert kill["strokes_after"] == 0
        if device:
            assert kill["epoch"] == device.status().epoch
        return kill["received_ns"]

    def stopped_first(self, since_ns, state, last=None):
        """STOP came before whatever else happened to it since then."""
        # It needs this module itself
        from . import power

        power.assert_stopped_first(power.events_since(self, since_ns), state, last)

    @staticmethod
    def must_test():
        """Interlocks that are open until a new self-test has passed: none, it knows its home."""
        return 0

    @staticmethod
    def bound():
        """Its driver, and by which name it has it."""
        return bus.DRIVER, bus.interface()

    def last_stroke(self):
        """The number of its last stroke, as it is told."""
        return self.hp.state()["strokes"]

    def epoch(self):
        """Of the last stop that it has obeyed."""
        return self.hp.state()["epoch"]

    def self_test(self):
        return self.hp.state()["self_test"]
