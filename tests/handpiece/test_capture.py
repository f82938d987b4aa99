# SPDX-License-Identifier: GPL-2.0-or-later
"""The waveform and the self-test on a real USB stack."""

import struct
import time

import pytest

import usbfs
from handpiece import Handpiece

OK, BAD_PACKET, LIMIT, LEASE, BUSY = 0, 2, 5, 6, 9
NEVER, PASSED, FAILED, TESTING = range(4)


def self_test(host):
    """self_test of the status"""
    return struct.unpack("<I", host.ask(usbfs.STATUS)[52:])[0]


def gapless(blocks):
    """All samples of these blocks, which must follow each other in number and time."""
    samples = []
    for block in blocks:
        late_us = block.time_us - blocks[0].time_us - len(samples) * block.period_ns / 1000
        assert block.number == len(samples) and abs(late_us) <= 1
        assert block.tag == blocks[0].tag
        samples += block.samples
    return samples


def run(host, ms):
    """Everything of the bulk endpoint in this time, with leases."""
    end = time.monotonic() + ms / 1000
    renewed = 0
    packets = []
    while time.monotonic() < end:
        if time.monotonic() - renewed >= 0.025:
            renewed = time.monotonic()
            host.renew()
        packet = host.bulk(5)
        if packet:
            packets.append(packet)
    return packets


def test_position_is_what_the_strokes_say(hp, host):
    assert host.stop() == OK
    hp.set("foot_switch", True)
    host.renew()
    assert host.capture(20000, 12000) == OK
    assert host.start(depth_um=800, rate_mhz=100000) == OK
    packets = run(host, 650)
    assert host.stop() == OK
    blocks = [usbfs.block(p) for p in packets if p[0] == usbfs.WAVEFORM_TYPE]
    strokes = [s for p in packets if p[0] == usbfs.STROKES_TYPE for s in usbfs.strokes(p)]
    samples = gapless(blocks)
    assert len(samples) == 12000 and blocks[0].tag and blocks[0].period_ns == 50000
    assert [s.number for s in strokes] == list(range(1, len(strokes) + 1)) and len(strokes) > 40
    for stroke in strokes:
        middle = round((stroke.time_us - blocks[0].time_us) / 50)
        around = samples[max(middle - 60, 0):middle + 60]
        if middle + 60 > len(samples):
            continue
        assert stroke.depth_um - 2 <= max(position for position, _ in around) <= stroke.depth_um
        assert stroke.current_ma - 2 <= max(ma for _, ma in around) <= stroke.current_ma
    stats = hp.stats()
    assert stats["waveform"]["sent"] == 12000 and stats["waveform"]["dropped"] == 0
    assert stats["counters"]["samples_sent"] == 12000
    begin, end = hp.events("waveform_begin", "waveform_end")
    assert begin["tag"] == end["tag"] == blocks[0].tag and end["why"] == "all"


def test_what_capture_answers(host):
    assert struct.unpack("<I", host.ask(usbfs.IDENTIFY)[96:100])[0] == 20000
    assert host.capture(20001, 10) == LIMIT
    assert host.capture(1000, 0) == LIMIT
    assert host.capture(1000, 1200001) == LIMIT
    assert host.capture(0, 5) == BAD_PACKET
    assert host.tell(usbfs.CAPTURE, bytes(16)) == BAD_PACKET
    assert host.capture() == OK
    assert host.bulk(150) is None
    assert host.capture(1000, 1200000) == OK
    assert host.capture(1000, 10) == BUSY


def test_none_goes_out_after_the_end_was_answered(hp, host):
    """With many blocks waiting, one of them with the controller."""
    assert host.capture(20000, 1200000) == OK
    time.sleep(0.05)
    assert host.capture() == OK
    assert host.bulk(300) is None
    assert not hp.state()["capturing"]
    # the next begins with number 0 and another tag
    assert host.capture(20000, 244) == OK
    assert len(gapless(list(host.blocks(244)))) == 244


def test_without_a_reader_blocks_are_lost_but_not_the_last(hp, host):
    assert host.capture(20000, 10000) == OK
    time.sleep(0.8)
    assert host.capture(20000, 10) == BUSY
    blocks = list(host.blocks(10000))
    assert blocks[-1].number + len(blocks[-1].samples) == 10000
    got = sum(len(block.samples) for block in blocks)
    waveform = hp.stats()["waveform"]
    assert got < 10000 and waveform["sent"] == got and waveform["dropped"] == 10000 - got
    assert len(hp.events("waveform_dropped")) == waveform["dropped"] // 122
    assert host.capture(20000, 10) == OK


def test_capture_goes_on_while_unplugged(hp, host):
    assert host.capture(1000, 1000) == OK
    tag = host.tag
    hp.unplug()
    time.sleep(1.2)
    assert hp.state()["capturing"]
    hp.plug()
    again = usbfs.Host(hp.serial)
    blocks = list(again.blocks(1000))
    assert blocks[-1].tag == tag
    hp.wait_for(lambda state: not state["capturing"])
    again.close()


def test_power_ends_a_capture(hp, host):
    assert host.capture(1000, 100000) == OK
    time.sleep(0.3)
    hp.power_cycle()
    assert host.bulk(300) is None
    assert hp.events("waveform_end")[0]["why"] == "power"


@pytest.mark.parametrize("how", ["short", "length", "version", "type", "value"])
def test_malformed_block(hp, host, how):
    shot = hp.inject("malformed", which="waveform", how=how)
    assert host.capture(20000, 366) == OK
    bad = host.bulk()
    shot.wait(0)
    with pytest.raises(AssertionError):
        usbfs.block(bad)
    assert [block.number for block in host.blocks(366)] == [122, 244]


def test_blocks_that_are_lost(hp, host):
    shot = hp.inject("waveform_drop", count=2)
    assert host.capture(20000, 488) == OK
    assert [block.number for block in host.blocks(488)] == [244, 366]
    assert shot.wait(0)["effects"] == 2


def test_full_speed_blocks():
    with Handpiece(speed="full") as hp:
        host = usbfs.Host(hp.serial)
        assert host.capture(5000, 500) == OK
        blocks = list(host.blocks(500))
        assert len(gapless(blocks)) == 500
        assert max(len(block.samples) for block in blocks) == 9
        host.close()


def test_a_handpiece_without_waveform():
    with Handpiece(capture_hz=0) as hp:
        host = usbfs.Host(hp.serial)
        assert struct.unpack("<I", host.ask(usbfs.IDENTIFY)[96:100])[0] == 0
        assert host.capture(1, 1) == LIMIT
        host.close()


@pytest.mark.parametrize("before", ["never", "failed"])
def test_self_test_after_power_on(before):
    with Handpiece(self_test=before) as hp:
        host = usbfs.Host(hp.serial)
        assert self_test(host) == {"never": NEVER, "failed": FAILED}[before]
        assert host.tell(usbfs.SELF_TEST) == OK
        assert self_test(host) == TESTING and hp.state()["state"] == "idle"
        for asked in (host.start, lambda: host.tell(usbfs.SELF_TEST),
                      lambda: host.tell(usbfs.MARK, struct.pack("<BBHIQ16s", usbfs.MARK, 1, 32, 0,
                                                                1, b"treatment"))):
            assert asked() == BUSY
        assert host.capture(1000, 10) == OK
        hp.wait_for(lambda state: state["self_test"] == "passed", 5)
        assert host.tell(usbfs.SELF_TEST) == OK
        assert host.stop() == OK and self_test(host) == NEVER
        host.close()
