# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab's own tests: what a test's author relies on, in each lane."""

import hashlib
import os
import pty
import re
import select
import subprocess
import sys
import time

import pytest

LAB = os.path.dirname(os.path.abspath(__file__))
CHECKOUT = os.path.dirname(os.path.dirname(LAB))
SPLAT, HANG, FAILED = 120, 121, 122

sys.path.insert(0, LAB)
import splats  # noqa: E402

LANES = {
    "uml": ["--lane", "uml"],
    "uml-real": ["--lane", "uml", "--time", "real"],
    "debian": ["--lane", "debian", "--kernel", "6.12"],
    "debian-6.1": ["--lane", "debian", "--kernel", "6.1"],
    "debian-smp": ["--lane", "debian", "--kernel", "6.12", "--cpus", "2"],
}
every_lane = pytest.mark.parametrize("lane", LANES)
both_lanes = pytest.mark.parametrize("lane", ("uml", "debian"))


def lab(lane, *options, script=None, command=None):
    """Run a shell script (or a command) in a lane; the finished process."""
    command = command or ["sh", "-c", script]
    return subprocess.run(
        [os.path.join(LAB, "run"), *LANES[lane], "--timeout", "120", *options, "--", *command],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300, check=False)


@pytest.fixture(scope="session")
def modules():
    """lab_splat.ko for both lanes."""
    folders = {}
    for lane, kernel in (("uml", "6.12"), ("debian", "6.12")):
        folders[lane] = os.path.join(CHECKOUT, "build", "lab", f"kmod-{lane}")
        subprocess.run([os.path.join(LAB, "modules"), "--lane", lane, "--kernel", kernel,
                        "--only", "tests/lab/kmod", "--out", folders[lane]], check=True)
    return folders


MACHINE = """
    set -e
    [ -d /sys/class/udc/dummy_udc.0 ] || modprobe -a libcomposite usb_f_fs dummy_hcd
    ls -d /sys/class/udc/dummy_udc.0
    mkdir -p /sys/kernel/config/usb_gadget/g/functions/ffs.test
    udevadm settle --timeout=20
    pidof systemd-udevd >/dev/null
    udevadm info --query=property --name=/dev/bus/usb/001/001 | grep -q ^ID_VENDOR_ID=1d6b
    ls -d /sys/kernel/debug/usb /sys/kernel/config/usb_gadget /dev/pts/ptmx
    python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0))
socket.create_connection(s.getsockname())'
    python3 -c 'import os; os.openpty()'
    echo shm >/dev/shm/x && echo run >/run/x && echo tmp >/tmp/x
    echo "what it is:"
    id -u; uname -r; echo "$MN_LANE $MN_TIME $COLOUR"; pwd; nproc; exit 7"""


@every_lane
def test_the_guest_is_a_machine_and_the_status_comes_back(lane):
    """udevd, a USB bus with a device controller, loopback, the usual mounts, what was asked for."""
    done = lab(lane, "--env", "COLOUR=deep blue", script=MACHINE)
    assert done.returncode == 7, done.stdout + done.stderr
    uid, release, environment, cwd, cpus = (
        done.stdout.decode().partition("what it is:\n")[2].splitlines())
    assert uid == "0"
    if lane.startswith("uml"):
        assert release.startswith("6.12.") and release.endswith("-microneedle")
    else:
        assert release.startswith("6.1." if lane == "debian-6.1" else "6.12.")
        assert release.endswith("-amd64")
    times = {"uml": "uml virtual", "uml-real": "uml real", "debian": "debian counted",
             "debian-6.1": "debian counted", "debian-smp": "debian real"}
    assert environment == times[lane] + " deep blue"
    assert cwd == os.getcwd()
    assert cpus == ("2" if lane == "debian-smp" else "1")


def test_other_statuses():
    assert lab("uml", command=["sh", "-c", "kill -TERM $$"]).returncode == 128 + 15
    assert lab("uml", command=["/no/such/program"]).returncode == 127


@both_lanes
def test_output_is_byte_exact(lane, tmp_path):
    data = bytes(range(256)) * 3000 + b"\r\n\n\x04\x1b[31mlast word without a newline"
    (tmp_path / "data").write_bytes(data)
    out = tmp_path / "out"
    out.mkdir()
    (out / "data").write_bytes(data)
    done = lab(lane, "--out", str(out), script='cat "$MN_OUT/data"')
    assert done.returncode == 0
    assert hashlib.sha256(done.stdout).hexdigest() == hashlib.sha256(data).hexdigest()


@both_lanes
def test_output_comes_live(lane):
    """What a command prints is here before it has ended."""
    process = subprocess.Popen(
        [os.path.join(LAB, "run"), *LANES[lane], "--budget", "1000000", "--timeout", "60", "--",
         "python3", "-uc", "import time; print('now')\nwhile True: time.sleep(0.01)"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        ready, _, _ = select.select([process.stdout], [], [], 40)
        assert ready and process.stdout.readline() == b"now\n"
        assert process.poll() is None
    finally:
        process.terminate()
        process.wait(20)


@both_lanes
def test_the_host_is_not_written(lane, tmp_path):
    canary = os.path.join(CHECKOUT, "build", "lab", "canary")
    os.makedirs(os.path.dirname(canary), exist_ok=True)
    with open(canary, "w", encoding="ascii") as stream:
        stream.write("untouched\n")
    with open("/etc/group", "rb") as stream:
        groups = stream.read()
    done = lab(lane, "--out", str(tmp_path), script=f"""
        echo written >{canary} && echo new >{canary}.new && mkdir {canary}.d &&
        echo 'lab-test:x:4321:' >>/etc/group && touch /etc/lab-test /usr/lab-test /var/lib/lab-test &&
        cat {canary} && grep -c lab-test /etc/group && echo kept >"$MN_OUT/kept" """)
    assert done.returncode == 0, done.stderr
    assert done.stdout == b"written\n1\n"
    with open(canary, encoding="ascii") as stream:
        assert stream.read() == "untouched\n"
    with open("/etc/group", "rb") as stream:
        assert stream.read() == groups
    for path in (canary + ".new", canary + ".d", "/etc/lab-test", "/usr/lab-test",
                 "/var/lib/lab-test"):
        assert not os.path.exists(path)
    assert (tmp_path / "kept").read_text() == "kept\n"
    assert (tmp_path / "status").read_text() == "0\n"
    assert (tmp_path / "splats.txt").read_text() == ""
    assert "Linux version" in (tmp_path / "console.log").read_text(errors="replace")


def test_the_projects_users_and_groups(tmp_path):
    """sysusers files become accounts, the way systemd-sysusers would do it."""
    sysusers = ('# comment\ng mn-operator - -\nu microneedled - "The daemon" /var/lib/x\n'
                "m microneedled mn-operator\ng root 0 -\n")
    subprocess.run(["awk", "-f", os.path.join(LAB, "guest", "sysusers.awk"), "-v",
                    f"folder={tmp_path}", "/etc/group", "/etc/passwd", "-"],
                   input=sysusers, text=True, check=True)
    with open("/etc/group", encoding="utf-8") as stream:
        before = stream.read().splitlines()
    groups = (tmp_path / "group.lab").read_text().splitlines()
    names = [line.split(":")[0] for line in groups]
    assert [line.split(":")[0] for line in before] == names[:-2]
    assert names[-2:] == ["mn-operator", "microneedled"]
    assert groups[-2].endswith(":microneedled")
    users = (tmp_path / "passwd.lab").read_text().splitlines()
    assert users[-1].split(":")[0] == "microneedled"
    assert users[-1].split(":")[3] == groups[-1].split(":")[2]


def test_a_line_in_the_log_is_a_splat(tmp_path):
    done = lab("uml", "--out", str(tmp_path), script="""
        echo 'WARNING: CPU: 0 PID: 1 at driver/core.c:1 mn_test+0x0/0x0' >/dev/kmsg; exit 0""")
    assert done.returncode == SPLAT
    assert b"driver/core.c:1" in done.stderr
    assert "mn_test" in (tmp_path / "splats.txt").read_text()
    assert (tmp_path / "status").read_text() == f"{SPLAT}\n"


UML_SPLATS = {
    "warn": "WARNING: CPU", "oops": "Kernel panic", "panic": "Kernel panic", "kasan": "BUG: KASAN",
    "ubsan": "UBSAN: shift-out-of-bounds", "atomic": "BUG: scheduling while atomic|BUG: sleeping",
    "lockdep": "WARNING: possible circular locking", "leak": "new suspected memory leaks",
    "block": "blocked for more than",
}
DEBIAN_SPLATS = {"warn": "WARNING: CPU", "oops": "BUG: kernel NULL pointer"}


@pytest.mark.parametrize("lane,kind", [("uml", kind) for kind in UML_SPLATS] +
                         [("debian", kind) for kind in DEBIAN_SPLATS])
def test_a_misbehaving_module_fails_the_run(lane, kind, modules, tmp_path):
    done = lab(lane, "--out", str(tmp_path), "--budget", "400",
               script=f"insmod {modules[lane]}/lab_splat.ko kind={kind}; exit 0")
    assert done.returncode == SPLAT, done.stderr
    wanted = (UML_SPLATS if lane == "uml" else DEBIAN_SPLATS)[kind]
    assert re.search(wanted, (tmp_path / "splats.txt").read_text())


def test_a_harmless_module_does_not(modules):
    done = lab("uml", script=f"insmod {modules['uml']}/lab_splat.ko && rmmod lab_splat")
    assert done.returncode == 0, done.stderr


@both_lanes
def test_the_budget_ends_a_command_that_waits_forever(lane, tmp_path):
    started = time.monotonic()
    done = lab(lane, "--budget", "50", "--out", str(tmp_path), command=["cat", "/dev/ptmx"])
    assert done.returncode == HANG
    assert b"budget of 50 s" in done.stderr
    assert time.monotonic() - started < 45, "guest time should have cost next to nothing"
    # What the kernel says after that is the hang's doing, and no splat.
    log = (tmp_path / "console.log").read_text(errors="replace")
    assert "cat /dev/ptmx" in log, "who was waiting is said"
    assert splats.find(log + "[ 99.0] BUG: KASAN: after\n") == []
    assert splats.find("[ 1.0] BUG: KASAN: before\n" + log)


def test_the_watchdog_ends_a_busy_loop(modules):
    """In virtual time a busy loop stops the clock, and with it every timer in the guest."""
    done = lab("uml", "--timeout", "8", "--budget", "1000000",
               script=f"insmod {modules['uml']}/lab_splat.ko kind=loop")
    assert done.returncode == HANG
    assert b"killed after 8 s" in done.stderr


@both_lanes
def test_a_guest_that_ends_early_is_said_so(lane):
    done = lab(lane, script="busybox poweroff -f -n; sleep 100")
    assert done.returncode == FAILED
    assert b"powered it off" in done.stderr


@both_lanes
def test_a_kernel_that_does_not_boot_is_said_so(lane):
    done = lab(lane, "--append", "init=/no/such/file rdinit=/no/such/file root=/no/such/dev",
               "--timeout", "30", command=["true"])
    assert done.returncode in (FAILED, SPLAT)
    assert done.stderr


@both_lanes
def test_daemons_that_outlive_the_command_do_not_keep_the_guest(lane):
    done = lab(lane, script="(sleep 1000; echo late) & echo early; exit 3")
    assert done.returncode == 3
    assert done.stdout == b"early\n"


def test_virtual_time_is_virtual_and_exact():
    started = time.monotonic()
    done = lab("uml", "--budget", "90000", command=[
        "python3", "-c", "import time; t = time.monotonic(); time.sleep(86400);"
        "print(time.monotonic() - t - 86400)"])
    assert done.returncode == 0, done.stderr
    assert abs(float(done.stdout)) < 0.001
    assert time.monotonic() - started < 30


def test_counted_time_skips_idle_time_and_repeats():
    """Two runs of one computation take the same guest time, to 0.1 %."""
    # The least of some: whatever else the guest has to do may come between. Where a program's
    # memory lies decides how many instructions it takes (Python's by 1.4 %, measured): the same
    # instructions are asked for by asking for the same places and the same hashes.
    script = ("import time; time.sleep(30); took = []\n"
              "for _ in range(9):\n"
              " a = time.perf_counter_ns(); sum(i * i for i in range(50000))\n"
              " took.append(time.perf_counter_ns() - a)\n"
              "print(min(took))")
    took = []
    for _ in range(2):
        done = lab("debian", command=["env", "PYTHONHASHSEED=0", "setarch", "--addr-no-randomize",
                                      "python3", "-c", script])
        assert done.returncode == 0, done.stderr
        took.append(int(done.stdout))
    assert abs(took[0] - took[1]) < took[0] / 1000


def test_counted_time_does_not_run_away_while_files_are_read():
    """A program started cold takes the time that its instructions take, more or less."""
    done = lab("debian", command=[
        "bash", "-c", "exec 2>&1; TIMEFORMAT=%R; time python3 -c 'import json'"])
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 0.5


@pytest.mark.parametrize("options", (
    ["--lane", "uml", "--cpus", "2"], ["--lane", "uml", "--time", "counted"],
    ["--lane", "debian", "--time", "virtual"], ["--cpus", "2", "--time", "counted"],
    ["--env", "no good=1"], ["--kernel", "2.4"], ["--lane", "debian", "--dtb", "tree.dtb"]))
def test_impossible_wishes_are_refused(options):
    done = subprocess.run([os.path.join(LAB, "run"), *options, "--", "true"],
                          stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2
    assert b"error:" in done.stderr


def test_a_device_tree_is_the_guests(tmp_path):
    done = lab("uml", "--dtb", os.path.join(LAB, "bench.dts"),
               script="cat /proc/device-tree/model && ls -d /sys/bus/platform/devices/bench")
    assert (done.returncode, done.stdout.split(b"\0")[0]) == (0, b"Microneedle lab"), done.stderr
    # what dtc only warns of would be a board that is not as it was meant
    odd = tmp_path / "odd.dts"
    odd.write_text('/dts-v1/; / { a@1 { }; };')
    done = lab("uml", "--dtb", str(odd), script="true")
    assert done.returncode == 122 and b"does not compile cleanly" in done.stderr


def test_an_interactive_shell():
    """A terminal with job control, of the caller's size, and the terminal as it was after."""
    parent, child = pty.openpty()
    subprocess.run(["stty", "rows", "33", "cols", "99"], stdin=child, check=True)
    before = subprocess.run(["stty", "-g"], stdin=child, stdout=subprocess.PIPE, check=True).stdout
    process = subprocess.Popen(
        [os.path.join(LAB, "run"), "--time", "real", "--interactive", "--", "bash", "--norc", "-i"],
        stdin=child, stdout=child, stderr=child)
    seen = b""
    asked = False
    try:
        deadline = time.monotonic() + 90
        while process.poll() is None and time.monotonic() < deadline:
            ready, _, _ = select.select([parent], [], [], 0.5)
            if ready:
                seen += os.read(parent, 65536)
            if not asked and b"# " in seen:
                asked = True
                os.write(parent, b"stty size; tty; sleep 100\n")
                time.sleep(3)
                os.write(parent, b"\x03")  # ends the sleep, not the machine
                os.write(parent, b"echo still-$((40+2)); exit 5\n")
        assert process.poll() == 5, seen
    finally:
        process.kill()
        process.wait()
    assert b"33 99" in seen and b"/dev/hvc0" in seen and b"still-42" in seen
    assert b"no job control" not in seen
    after = subprocess.run(["stty", "-g"], stdin=child, stdout=subprocess.PIPE, check=True).stdout
    assert before == after


@pytest.mark.parametrize("line", (
    "[    5.1] loading out-of-tree module taints kernel.",
    "[    5.1] microneedle: module verification failed: signature and/or required key missing - tainting kernel",
    "[    5.1] traps: python3[99] general protection fault ip:7f sp:7f error:0 in libc.so.6",
    "[    5.1] mnctl[99]: segfault at 0 ip 00 sp 00 error 4",
    "[    5.1] FAULT_INJECTION: forcing a failure.",
    "[    5.1] kmemleak: Kernel memory leak detector initialized",
    "[    5.1] lab: the program said BUG: in my hat"))
def test_what_is_no_splat(line):
    assert splats.find(line + "\n") == []


@pytest.mark.parametrize("line", (
    "[    5.1] WARNING: CPU: 0 PID: 1 at x.c:1 f+0x0/0x0",
    "[    5.1][  T99] BUG: KASAN: slab-use-after-free in f+0x0/0x0",
    "<4>[    5.1] WARNING: possible recursive locking detected",
    "[    5.1] WARNING: suspicious RCU usage", "[    5.1] WARNING: inconsistent lock state",
    "[    5.1] BUG: sleeping function called from invalid context at x.c:1",
    "[    5.1] BUG: scheduling while atomic: sh/1/0x2",
    "[    5.1] BUG kmalloc-64 (Tainted: G           OE     ): Poison overwritten",
    "[    5.1] INFO: task sh:1 blocked for more than 120 seconds.",
    "[    5.1] Oops: 0000 [#1] PREEMPT SMP", "[    5.1] kernel BUG at x.c:1!",
    "[    5.1] UBSAN: array-index-out-of-bounds in x.c:1:1",
    "[    5.1] ODEBUG: free active (active state 0) object",
    "[    5.1] refcount_t: underflow; use-after-free.",
    "[    5.1] list_del corruption. next->prev should be",
    "[    5.1] rcu: INFO: rcu_sched self-detected stall on CPU",
    "[    5.1] kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)",
    "[    5.1] kmemleak: Kernel memory leak detector disabled",
    "[    5.1] Kernel panic - not syncing: Fatal exception"))
def test_what_is_a_splat(line):
    assert len(splats.find(line + "\n")) == 1


def test_a_handpiece_on_the_host_is_on_the_guests_bus(tmp_path):
    subprocess.run(["make", "--no-print-directory", "-s", "programs"], cwd=CHECKOUT, check=True)
    done = lab("debian", "--handpiece=--serial MN-LAB-1", "--out", str(tmp_path), script="""
        modprobe -a xhci_pci xhci_hcd
        for try in $(seq 100); do
            grep -qx MN-LAB-1 /sys/bus/usb/devices/*/serial && break
            sleep 0.1
        done
        cat /sys/bus/usb/devices/*/serial
        echo "$MN_HANDPIECE_CONTROL"
    """)
    assert done.returncode == 0, done.stderr
    assert b"MN-LAB-1\n" in done.stdout
    assert f"{tmp_path}/handpiece.sock".encode() in done.stdout
    # It goes with the run, and leaves what it saw
    assert not os.path.exists(tmp_path / "handpiece.sock")
    assert '"usb_peer"' in (tmp_path / "handpiece.jsonl").read_text(encoding="utf-8")


def test_a_handpiece_on_the_host_needs_real_time():
    done = lab("debian", "--handpiece", "--time", "counted", script="true")
    assert done.returncode == 2 and b"--time real" in done.stderr
