# SPDX-License-Identifier: GPL-2.0-or-later
"""The device node by itself: who may do what, what it tells, and what it refuses to understand."""

import ctypes
import errno
import fcntl
import os
import select
import time

import pytest
from microneedle import abi
from microneedle.applies import usb_only
from microneedle.device import NODE, Device, new_treatment
from microneedle.kind import HANDPIECE, USB
from microneedle.wait import refused


def raw(device, number, data):
    return fcntl.ioctl(device.fd, number, data, True)


def test_info_is_what_the_handpiece_says(rig):
    with Device(flags=os.O_RDONLY) as device:
        info = device.info()
    assert info.abi_version == abi.MN_ABI_VERSION
    assert info.transport == getattr(abi, f"MN_TRANSPORT_{HANDPIECE.transport}")
    assert info.has_trigger == 1
    assert (info.absolute_um, info.ceiling_um) == (3000, 1500)
    assert (info.depth_step_um, info.tolerance_um, info.rate_min_mhz) == (
        HANDPIECE.depth_step_um, 100, 20000)
    assert (info.run_up_ms, info.run_down_ms, info.handpiece_lease_ms) == (
        300, 80, HANDPIECE.lease_ms)
    assert (info.calibration_age_days, info.calibration_valid_days) == HANDPIECE.calibration()
    assert info.measures == HANDPIECE.measures
    texts = [text.rstrip(b"\0").decode() for text in (info.serial, info.model, info.firmware)]
    assert texts == [HANDPIECE.serial, HANDPIECE.model, HANDPIECE.firmware]


def test_status_is_a_picture_of_the_handpiece(rig):
    state = rig.hp.state()
    with Device(flags=os.O_RDONLY) as device:
        status = device.assert_state("SAFE")
        assert status.control == abi.MN_CONTROL_NONE
        assert status.faults == 0 and status.fault == 0
        assert status.inputs == abi.MN_INPUT_CARTRIDGE | abi.MN_INPUT_HOME
        assert status.interlocks == abi.MN_INTERLOCK_LEASE
        assert (status.cartridge_needles, status.cartridge_needle_um) == (14, 1500)
        assert status.cartridge_lot.rstrip(b"\0").decode() == "SIM-LOT-1"
        assert status.cartridge_expiry_days == int(time.time()) // 86400 + 365
        if USB:
            assert status.epoch == state["epoch"]
            assert f"{status.cartridge_uid:016x}" == state["cartridge"]["uid"]
            assert status.cartridge_lot.rstrip(b"\0").decode() == state["cartridge"]["lot"]
            assert status.cartridge_expiry_days == state["cartridge"]["expiry_days"]
            assert abs(status.temp_mc - state["temp_mc"]) < 100
        assert (status.depth_um, status.rate_mhz, status.strokes, status.run_ms) == (0, 0, 0, 0)


def test_an_observer_asks_reads_and_stops_but_never_controls(rig):
    with rig.control() as controller, Device(flags=os.O_RDONLY) as observer:
        controller.arm()
        assert observer.status().control == abi.MN_CONTROL_OTHER
        assert controller.status().control == abi.MN_CONTROL_SELF
        observer.wait_state("ARMED")
        for command in ("ACQUIRE", "RELEASE", "SET_LIMITS", "ARM", "UPDATE", "START", "HEARTBEAT",
                        "CLEAR_FAULT"):
            with refused(errno.EACCES):
                observer.ioctl(command)
        observer.stop()
        controller.wait_state("SAFE", cause=abi.MN_CAUSE_STOP)


def test_control_belongs_to_one_open_file(rig):
    with Device() as first, Device() as second:
        for command in ("RELEASE", "ARM", "UPDATE", "START", "HEARTBEAT", "CLEAR_FAULT"):
            with refused(errno.EPERM):
                first.ioctl(command)
        with refused(errno.EPERM):
            first.set_limits()
        first.acquire()
        with refused(errno.EBUSY):
            second.acquire()
        with refused(errno.EPERM):
            second.heartbeat()
        first.acquire(new_treatment())  # it may take up another treatment itself
        first.release()
        second.acquire()
        with refused(errno.EBUSY):
            first.acquire()
        second.close()
        first.acquire()


def test_one_that_controls_is_refused_another_treatment_while_armed(rig):
    with rig.control() as device:
        device.arm()
        with refused(errno.EBADFD):
            device.acquire(new_treatment())
        device.assert_state("ARMED")


@pytest.mark.parametrize("treatment,lease_ms,flags", (
    (bytes(16), 0, 0), (b"x" * 16, 99, 0), (b"x" * 16, 501, 0), (b"x" * 16, 0, 1),
    (b"x" * 16, 0xffffffff, 0)))
def test_acquire_refuses_what_it_does_not_know(rig, treatment, lease_ms, flags):
    with Device() as device, refused(errno.EINVAL):
        device.ioctl("ACQUIRE", treatment=treatment, lease_ms=lease_ms, flags=flags)


def test_commands_and_structs_of_another_version(rig):
    with Device() as device:
        status, layout = abi.IOCTLS["GET_STATUS"]
        for number in (abi.ioc(0, 0x7f, 0), abi.ioc(2, 0x01, layout.size, kind=0xBE),
                       abi.ioc(1, 0x01, layout.size), abi.ioc(0, 0x01, 0), abi.ioc(3, 0x03, 8)):
            with refused(errno.ENOTTY):
                raw(device, number, bytearray(512))
        # An older program knows less of the struct, a newer one more
        short = bytearray(16)
        raw(device, abi.ioc(2, 0x01, 16), short)
        assert any(short)
        long = bytearray(b"\xff" * (layout.size + 64))
        raw(device, abi.ioc(2, 0x01, len(long)), long)
        assert long[layout.size:] == bytes(64)
        assert status == abi.ioc(2, 0x01, layout.size)

        acquire, layout = abi.IOCTLS["ACQUIRE"]
        data = layout.pack(treatment=new_treatment())
        raw(device, abi.ioc(1, 0x10, layout.size + 8), data + bytes(8))
        with refused(errno.E2BIG):
            raw(device, abi.ioc(1, 0x10, layout.size + 8), data + b"\1" + bytes(7))
        raw(device, abi.ioc(1, 0x10, 16), data[:16])
        with refused(errno.EFAULT):
            fcntl.ioctl(device.fd, acquire, 8)


def test_reserved_and_answer_fields_must_be_zero(rig):
    with rig.control() as device:
        point = {"depth_um": 500, "rate_mhz": 100000, "strokes": 10, "run_ms": 1000}
        for field in ("flags", "refused_quantity", "refused_source", "refused_limit", "interlocks",
                      "reserved"):
            with refused(errno.EINVAL):
                device.ioctl("ARM", **point, **{field: 1})
        for wrong in ({"depth_um": 0}, {"depth_um": HANDPIECE.depth_step_um - 1},
                      {"rate_mhz": 19999}, {"strokes": 0}, {"run_ms": 0}):
            with refused(errno.EINVAL):
                device.ioctl("ARM", **{**point, **wrong})
        with refused(errno.EINVAL):
            device.ioctl("SET_LIMITS", valid=0)
        with refused(errno.EINVAL):
            device.ioctl("SET_LIMITS", valid=16)
        with refused(errno.EINVAL):
            device.ioctl("SET_LIMITS", valid=1, flags=1, value=[500, 0, 0, 0])
        with refused(errno.EINVAL):
            device.ioctl("CLEAR_FAULT", faults=1, remaining=1)
        device.assert_state("SAFE")


def test_only_the_foot_switch_starts_what_has_one(rig):
    with rig.control() as device:
        device.arm()
        with refused(errno.EOPNOTSUPP):
            device.ioctl("START")
        device.assert_state("ARMED")


@usb_only("a cartridge of the other has no tag")
def test_a_cartridge_whose_tag_is_read_is_not_declared(rig):
    with rig.control() as device:
        with refused(errno.EOPNOTSUPP):
            device.ioctl("DECLARE_CARTRIDGE", needle_um=1500, needles=12, max_rate_mhz=150000,
                         max_strokes=900000, expiry_days=30000, lot=b"LOT7")
        device.assert_state("SAFE")


def test_update_wants_something_armed_and_arm_wants_safe(rig):
    with rig.control() as device:
        with refused(errno.EBADFD):
            device.update()
        device.arm()
        with refused(errno.EBADFD):
            device.arm()
        with refused(errno.EBADFD):
            device.ioctl("CLEAR_FAULT", faults=2)


def test_reading_gives_whole_records_in_order(rig):
    with rig.control() as device:
        with refused(errno.EINVAL):
            os.read(device.fd, abi.RECORD.size - 1)
        with refused(errno.EAGAIN):
            os.read(device.fd, 4096)
        assert device.poll() == 0
        device.arm()
        device.stop()
        device.wait_state("SAFE")
        assert len(device.seen) >= 2
        data = bytearray(abi.RECORD.size)
        device.arm()
        assert device.poll(1000) == select.POLLIN
        # One and a half fit: one comes
        assert os.readv(device.fd, [data, bytearray(16)]) == abi.RECORD.size
        device.seen.append(abi.Record.from_bytes(data))
        device.stop()
        device.wait_state("SAFE")
        states = [(getattr(record, "from"), record.to) for record in device.seen
                  if record.kind == "state"]
        assert states == [(0, 1), (1, 0)] * 2
        numbers = sorted(record.seq for record in device.seen)
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert all(record.flags == 0 for record in device.seen if record.kind != "cartridge")


def test_records_that_were_not_read_are_told_as_lost_and_states_are_not_among_them(rig):
    """Strokes push out strokes; what stops and starts is kept."""
    with rig.control(lease_ms=500) as device, Device(flags=os.O_RDONLY) as slow:
        rig.run(device, 0, rate_mhz=150000)
        # The slow reader's queue takes 256 strokes
        device.wait_strokes(300, 6)
        device.stop()
        device.wait_state("SAFE")
        rig.still()
        slow.read()
        strokes = len(slow.strokes())
        lost = [record.lost for record in slow.seen if record.kind == "overrun"]
        made = rig.hp.state()["strokes"]
        assert len(lost) == 1 and 0 < strokes <= 256
        states = [record.to for record in slow.seen if record.kind == "state"]
        assert states == [abi.MN_STATE_ARMED, abi.MN_STATE_RUNNING, abi.MN_STATE_SAFE]
        numbers = [record.number for record in slow.strokes()]
        assert numbers[-1] == made and numbers == list(range(numbers[0], made + 1))
        seqs = {record.seq for record in slow.seen}
        assert max(seqs) - min(seqs) + 1 - len(seqs) == lost[0]


def test_sysfs_tells_and_moves_nothing(rig):
    folder = os.path.join("/sys/class/microneedle", os.path.basename(os.path.realpath(NODE)))

    def text(name):
        with open(os.path.join(folder, name), encoding="ascii") as stream:
            return stream.read().strip()

    assert text("serial") == HANDPIECE.serial and text("model") == HANDPIECE.model
    assert text("state") == "safe" and text("faults") == "0x0000000000000000"
    # Without a session nothing is allowed, and the source that says so is named
    assert text("limit_depth_um/effective") == "0" and text("limit_depth_um/binding") == "session"
    assert text("limit_depth_um/session") == "absent"
    with rig.control(depth_um=800, rate_mhz=100000) as device:
        told = {name: text(f"limit_depth_um/{name}")
                for name in os.listdir(os.path.join(folder, "limit_depth_um"))}
        # What does not apply, a board or a device, is not there
        assert told == {"effective": "800", "binding": "session", "absolute": "3000",
                        "ceiling": "1500", HANDPIECE.source.lower(): "2500",
                        "cartridge": "1500", "admin": "1500", "session": "800"}
        assert text("limit_rate_mhz/effective") == "100000"
        assert not os.path.exists(os.path.join(folder, "limit_run_ms/cartridge"))
        device.arm()
        assert text("state") == "armed"
    writable = [os.path.join(path, name) for path, _, names in os.walk(folder) for name in names
                if os.stat(os.path.join(path, name)).st_mode & 0o222]
    assert sorted(os.path.relpath(path, folder) for path in writable
                  if "power/" not in path) == [
        "limit_depth_um/admin", "limit_dose_strokes/admin", "limit_rate_mhz/admin",
        "limit_run_ms/admin", "uevent"]
    parameters = "/sys/module/microneedle/parameters"
    assert all(os.stat(os.path.join(parameters, name)).st_mode & 0o222 == 0
               for name in os.listdir(parameters))


def test_records_that_cannot_be_copied_are_told_as_lost(rig):
    """They were taken out of the queue before it was known where to."""
    libc = ctypes.CDLL(None, use_errno=True)
    with rig.control() as device:
        device.arm()
        libc.read(device.fd, ctypes.c_void_p(16), ctypes.c_size_t(abi.RECORD.size * 64))
        assert ctypes.get_errno() == errno.EFAULT
        first = device.read()[0]
        assert first.kind == "overrun" and first.lost
        device.stop()
        device.wait_state("SAFE")
