# SPDX-License-Identifier: GPL-2.0-or-later
"""What a service engineer asks for at the device node: self-test and waveform."""

import errno
import fcntl
import os
import select
import time

import pytest
from microneedle import abi, bus
from microneedle.applies import usb_only
from microneedle.device import Device, NODE
from microneedle.wait import refused, until

SAMPLE = abi.STRUCTS["mn_sample"]
TEST_SECONDS = 5  # within which a self-test ends, by the uapi header


# ---- self-test ----

def wait_result(device, result):
    device.wait("self_test", TEST_SECONDS, result=abi.CONSTANTS[f"MN_SELF_TEST_{result}"])


def test_a_self_test_is_told_when_it_begins_and_when_it_ends(rig):
    with Device() as device:
        device.forget()
        device.ioctl("SELF_TEST")
        assert device.status().self_test == abi.MN_SELF_TEST_BUSY
        assert device.status().interlocks & abi.MN_INTERLOCK_SELF_TEST
        wait_result(device, "BUSY")
        wait_result(device, "PASSED")
        assert device.status().self_test == abi.MN_SELF_TEST_PASSED
        assert not device.status().interlocks & abi.MN_INTERLOCK_SELF_TEST
        device.assert_state("SAFE")
        assert rig.self_test() == "passed"


def test_nothing_is_armed_during_a_self_test(rig):
    with rig.control() as device:
        device.ioctl("SELF_TEST")
        with refused(errno.EAGAIN) as refusal:
            device.arm()
        # Nor is one at home whose test moves it
        assert refusal.answer.interlocks & ~abi.MN_INTERLOCK_NOT_HOME == abi.MN_INTERLOCK_SELF_TEST
        with refused(errno.EBUSY):
            device.ioctl("SELF_TEST")
        wait_result(device, "PASSED")
        rig.run(device)


@pytest.mark.parametrize("state", ["ARMED", "RUNNING", "FAULT"])
def test_a_self_test_is_refused_unless_safe(rig, state):
    with rig.control() as device:
        if state == "ARMED":
            device.arm()
        else:
            rig.run(device)
        if state == "FAULT":
            rig.hp.set("emergency_stop", True)
            device.wait_fault("EMERGENCY_STOP")
        with refused(errno.EBADFD):
            device.ioctl("SELF_TEST")
        device.assert_state(state)
        assert rig.self_test() == "passed"


def test_a_self_test_is_not_for_observers_nor_beside_a_controller(rig):
    with rig.control(), Device(flags=os.O_RDONLY) as observer, Device() as other:
        with refused(errno.EACCES):
            observer.ioctl("SELF_TEST")
        with refused(errno.EBUSY):
            other.ioctl("SELF_TEST")
        assert rig.self_test() == "passed"


def test_a_stop_breaks_a_self_test_off(rig):
    with rig.control() as device, Device(flags=os.O_RDONLY) as observer:
        device.forget()
        device.ioctl("SELF_TEST")
        wait_result(device, "BUSY")
        observer.stop()
        wait_result(device, "NEVER")
        rig.still()
        with refused(errno.EAGAIN) as refusal:
            device.arm()
        assert refusal.answer.interlocks == abi.MN_INTERLOCK_SELF_TEST
        device.forget()
        device.ioctl("SELF_TEST")
        wait_result(device, "PASSED")
        device.arm()


@usb_only("it tells of no self-test of its own that failed: see test_gpio.py")
def test_a_self_test_that_fails_latches_and_can_be_made_again(rig):
    with rig.control() as device:
        device.forget()
        device.ioctl("SELF_TEST")
        rig.hp.inject("self_test_fail")
        device.wait_fault("SELF_TEST", TEST_SECONDS)
        device.assert_state("FAULT", "FAULT")
        with refused(errno.EBADFD):
            device.arm()
        assert device.clear() == 0
        device.assert_state("SAFE", "CLEAR")
        # Acknowledged is not passed
        with refused(errno.EAGAIN) as refusal:
            device.arm()
        assert refusal.answer.interlocks == abi.MN_INTERLOCK_SELF_TEST
        rig.hp.clear_injections()
        device.ioctl("SELF_TEST")
        device.forget()
        wait_result(device, "PASSED")
        rig.run(device)


# ---- waveform ----

class Capture:
    """A waveform as it is read; samples are kept in .samples."""

    def __init__(self, device, rate_hz=20000, samples=2000):
        self.fd = device.ioctl("CAPTURE", rate_hz=rate_hz, samples=samples).fd
        self.samples = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def read(self, size=SAMPLE.size * 512):
        data = os.read(self.fd, size)
        assert len(data) % SAMPLE.size == 0
        self.samples += [SAMPLE.unpack(data[at:at + SAMPLE.size])
                         for at in range(0, len(data), SAMPLE.size)]
        return len(data)

    def read_all(self):
        while self.read():
            pass
        return self.samples


def numbers(capture):
    return [sample.number for sample in capture.samples]


@usb_only("it gives no waveform")
def test_a_waveform_at_rest_is_complete_and_even(rig):
    with Device() as device, Capture(device) as capture:
        capture.read_all()
        assert numbers(capture) == list(range(2000))
        steps = {after.mono_ns - before.mono_ns
                 for before, after in zip(capture.samples, capture.samples[1:])}
        # 50 us, but where a block begins: what is known of the handpiece's clock got better
        assert 50000 in steps and all(0 < step < 250000 for step in steps), steps
        assert {sample.position_um for sample in capture.samples} == {0}
        assert abs(capture.samples[-1].mono_ns - time.monotonic_ns()) < 100_000_000
        # The end stays the end
        assert capture.read() == 0


@usb_only("it gives no waveform")
def test_the_deepest_point_of_each_stroke_is_what_its_report_says(rig):
    with rig.control() as device:
        rig.run(device, depth_um=800)
        device.forget()
        with Capture(device, samples=4000) as capture:
            capture.read_all()
        device.read()
        rig.press(False)
        reported = {stroke.depth_um for stroke in device.strokes()}
    peaks = [middle.position_um
             for before, middle, after in zip(capture.samples, capture.samples[1:],
                                              capture.samples[2:])
             if before.position_um <= middle.position_um > after.position_um > 400]
    assert len(peaks) >= 15, peaks  # 100 Hz for 200 ms, from when it has run up
    for peak in peaks[1:-1]:
        assert min(abs(peak - depth) for depth in reported) <= 2, (peak, sorted(reported))
    assert max(sample.current_ma for sample in capture.samples) > 0


@usb_only("it gives no waveform")
def test_a_capture_changes_nothing_of_a_treatment(rig):
    with rig.control() as device:
        rig.run(device)
        device.forget()
        with Capture(device, samples=20000) as capture:
            capture.read_all()
        strokes = device.wait_strokes(50)
        assert [stroke.number for stroke in strokes] == list(
            range(strokes[0].number, strokes[0].number + len(strokes)))
        device.assert_state("RUNNING")


@usb_only("it gives no waveform")
def test_one_waveform_at_a_time_and_closing_it_makes_room(rig):
    with Device() as device, Device() as other:
        with Capture(device, samples=abi.MN_CAPTURE_SAMPLES_MAX) as capture:
            capture.read()
            with refused(errno.EBUSY):
                Capture(other)
        with Capture(other, samples=100) as capture:
            assert len(capture.read_all()) == 100


@usb_only("it gives no waveform")
def test_a_waveform_is_not_for_observers(rig):
    with Device(flags=os.O_RDONLY) as observer, refused(errno.EACCES):
        Capture(observer)


@usb_only("it gives no waveform")
def test_a_reset_ends_a_waveform_and_what_is_left_of_it_is_nobody_s(rig):
    """The handpiece goes on sampling through a reset of the bus, as it would through an unplug."""
    with Device() as device:
        with Capture(device, samples=abi.MN_CAPTURE_SAMPLES_MAX) as capture:
            capture.read()
            bus.reset()
            with refused(errno.ECANCELED):
                capture.read_all()
        with Capture(device, samples=300) as capture:
            assert [sample.number for sample in capture.read_all()] == list(range(300))


@usb_only("it gives no waveform")
def test_a_closed_file_of_the_device_leaves_its_waveform(rig):
    device = Device()
    capture = Capture(device, samples=1000)
    device.close()
    with capture:
        assert len(capture.read_all()) == 1000


@pytest.mark.parametrize("what, wrong", [
    ("no rate", {"rate_hz": 0}), ("beyond its rate", {"rate_hz": 20001}),
    ("no samples", {"samples": 0}), ("too many", {"samples": abi.MN_CAPTURE_SAMPLES_MAX + 1}),
    ("flags", {"flags": 1}), ("a file already", {"fd": 3}),
])
@usb_only("it gives no waveform")
def test_a_waveform_out_of_range_is_refused(rig, what, wrong):
    with Device() as device:
        with refused(errno.EINVAL):
            device.ioctl("CAPTURE", **({"rate_hz": 1000, "samples": 10} | wrong))


@usb_only("it gives no waveform")
def test_the_file_is_closed_on_exec_and_can_be_polled(rig):
    with Device() as device, Capture(device, samples=500) as capture:
        assert fcntl.fcntl(capture.fd, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
        with refused(errno.EINVAL):
            os.read(capture.fd, SAMPLE.size - 1)
        flags = fcntl.fcntl(capture.fd, fcntl.F_GETFL)
        fcntl.fcntl(capture.fd, fcntl.F_SETFL, flags | os.O_NONBLOCK)
        poller = select.poll()
        poller.register(capture.fd, select.POLLIN)
        while True:
            assert poller.poll(1000), "no samples within a second"
            if not capture.read(SAMPLE.size * 100):
                break
            if not poller.poll(0):
                with refused(errno.EAGAIN):
                    capture.read()
        assert len(capture.samples) == 500


@usb_only("it gives no waveform")
def test_samples_that_nobody_reads_are_lost_and_it_shows(rig):
    with Device() as device, Capture(device, samples=20000) as capture:
        until("the waveform to be over", lambda: rig.hp.stats()["waveform"]["end_ns"], 5)
        capture.read_all()
        assert 8192 <= len(capture.samples) < 20000
        assert numbers(capture) == sorted(set(numbers(capture)))


@usb_only("it gives no waveform")
def test_an_unplugged_handpiece_ends_its_waveform(rig):
    device = Device()
    with Capture(device, samples=abi.MN_CAPTURE_SAMPLES_MAX) as capture:
        capture.read()
        rig.hp.unplug()
        with refused(errno.ENODEV):
            capture.read_all()
        device.close()
        rig.plug()


@usb_only("it gives no waveform")
def test_a_handpiece_that_restarts_ends_its_waveform(rig):
    with Device() as device, Capture(device, samples=abi.MN_CAPTURE_SAMPLES_MAX) as capture:
        capture.read()
        rig.hp.power_cycle()
        with refused(errno.ECANCELED, errno.ENODEV):
            capture.read_all()


@usb_only("it gives no waveform")
@pytest.mark.parametrize("how", ["short", "length", "version", "value"])
def test_a_malformed_block_stops_the_needles(rig, how):
    with rig.control() as device:
        rig.run(device)
        device.forget()
        injection = rig.hp.inject("malformed", which="waveform", how=how)
        with Capture(device, samples=1000):
            device.wait_fault("PROTOCOL")
            injection.wait()
        device.assert_state("FAULT", "FAULT")
        rig.still()


@usb_only("it gives no waveform")
def test_a_lost_block_is_a_gap_and_no_fault(rig):
    with Device() as device:
        injection = rig.hp.inject("waveform_drop", count=1)
        with Capture(device, samples=2000) as capture:
            capture.read_all()
            injection.wait()
        missing = sorted(set(range(2000)) - set(numbers(capture)))
        assert missing and missing == list(range(missing[0], missing[-1] + 1)), missing
        device.assert_state("SAFE")


@usb_only("it gives no waveform")
def test_a_stop_is_not_kept_waiting_by_a_waveform(rig):
    with rig.control() as device:
        rig.run(device)
        with Capture(device, samples=abi.MN_CAPTURE_SAMPLES_MAX) as capture:
            capture.read()
            Device(NODE, os.O_RDONLY).stop()
            rig.still()
            assert rig.hp.stats()["kill"]["strokes_after"] == 0
            # It shows the run-down, too
            capture.read()
        device.assert_state("SAFE", "STOP")
