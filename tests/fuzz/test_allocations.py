import os, pytest
from microneedle.stack import *
from microneedle.device import NODE, Device
FAILSLAB = "/sys/kernel/debug/failslab"
def test_x(alone, log):
    os.system(f"mount -t debugfs debugfs /sys/kernel/debug; ls {FAILSLAB}; grep . {FAILSLAB}/*; ls /sys/bus/usb/drivers/; ls -la /sys/bus/usb/drivers/microneedle*/")
    os.system(f"echo N > {FAILSLAB}/ignore-gfp-wait")
    log.lines()
    f = os.open("/proc/thread-self/fail-nth", os.O_RDWR)
    for n in range(1, 8):
        os.write(f, b"%d" % n)
        try:
            d = os.open(NODE, os.O_RDWR)
        except OSError as e:
            d = e
        left = os.pread(f, 16, 0)
        os.pwrite(f, b"0", 0)
        print(n, d, left)
    print("\n".join(log.lines()))
    assert 0
