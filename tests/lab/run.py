# SPDX-License-Identifier: GPL-2.0-or-later
"""Run one command in a kernel of the lab and come back with what happened.

Exit status: the command's own; 120 the kernel complained (a splat), 121 the
guest hung or its budget passed, 122 the kernel did not boot or the lab failed.
"""

import argparse
import os
import shlex
import shutil
import signal
import sys
import tempfile

import debian
import guest
import redir
import splats
import uml
from host import CHECKOUT, LabError, complain

SPLAT, HANG, FAILED = 120, 121, 122


def on_host(args):
    return args.handpiece is not None or args.handpiece_at


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="tests/lab/run", usage="%(prog)s [options] -- COMMAND [ARG...]",
        description="Run COMMAND as root in a kernel of the lab. Its output comes here, live; "
        "the kernel's goes to OUT/console.log.",
        epilog="Exit status: COMMAND's own, or 120 the kernel complained, 121 the guest hung or "
        "its budget passed, 122 the kernel did not boot or the lab failed.")
    parser.add_argument("--lane", choices=("uml", "debian"), default="debian",
                        help="instrumented UML kernel, or Debian's own in QEMU (default)")
    parser.add_argument("--kernel", choices=("6.12", "6.1"),
                        default=os.environ.get("KERNEL") or "6.12",
                        help="the Debian lane's kernel (default: $KERNEL, else 6.12)")
    parser.add_argument("--time", choices=("virtual", "counted", "real"),
                        help="default: virtual on uml, counted on debian")
    parser.add_argument("--cpus", type=int, default=1, metavar="N",
                        help="Debian lane; more than one means real time")
    parser.add_argument("--budget", type=float, default=120, metavar="SECONDS",
                        help="guest time, virtual or counted, that COMMAND may take (default 120)")
    parser.add_argument("--timeout", type=float, default=540, metavar="SECONDS",
                        help="host time after which the guest is killed (default 540)")
    parser.add_argument("--out", metavar="DIR",
                        help="directory that the guest may write at the same path; gets "
                        "console.log, splats.txt and status")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE",
                        help="set in the guest (repeatable)")
    parser.add_argument("--append", default="", metavar="KARGS", help="more kernel arguments")
    parser.add_argument("--dtb", metavar="FILE",
                        help="the guest's device tree, a .dtb or a .dts that is compiled; "
                        "tests/lab/bench.dts is a board with a GPIO handpiece (UML lane)")
    parser.add_argument("--interactive", action="store_true",
                        help="COMMAND gets this terminal (Debian lane, real time)")
    parser.add_argument("--handpiece", nargs="?", const="", metavar="OPTIONS",
                        help="a simulated handpiece on the host, on the guest's USB bus; OUT gets "
                        "handpiece.sock, its control socket, for programs on the host. OPTIONS: "
                        "of mn-handpiece (Debian lane, real time)")
    parser.add_argument("--handpiece-at", metavar="SOCKET",
                        help="the same, with one that runs already: mn-handpiece --front "
                        "usbredir --listen SOCKET")
    parser.add_argument("--reboots", action="store_true",
                        help="a guest that reboots, or crashes, starts again, and with it COMMAND "
                        "(Debian lane)")
    parser.add_argument("--no-udev", action="store_true", help="start no udevd in the guest")
    parser.add_argument("command", nargs="+", metavar="COMMAND")
    args = parser.parse_args()

    if args.time is None:
        if args.lane == "uml":
            args.time = "virtual"
        else:
            args.time = "real" if args.cpus > 1 or args.interactive or on_host(
                args) else "counted"
    if args.lane == "uml":
        if args.time == "counted":
            parser.error("counted time is the Debian lane's: use --lane debian")
        if args.cpus != 1:
            parser.error("UML has one CPU: use --lane debian for more")
        if args.interactive or args.reboots or on_host(args):
            parser.error("--interactive, --reboots and --handpiece are the Debian lane's: "
                         "use --lane debian")
    else:
        if args.dtb:
            parser.error("Debian's amd64 kernels have no device tree: use --lane uml")
        if args.time == "virtual":
            parser.error("virtual time is the UML lane's: use --lane uml")
        if args.time == "counted" and args.cpus != 1:
            parser.error("counted time counts one CPU: leave --cpus out, or use --time real")
        if args.time == "counted" and args.interactive:
            parser.error("nobody can type in counted time: use --time real")
        if args.time == "counted" and on_host(args):
            parser.error("a handpiece on the host has the host's clock: use --time real")
    if args.handpiece is not None and args.handpiece_at:
        parser.error("one handpiece: --handpiece or --handpiece-at")
    if args.cpus < 1:
        parser.error("--cpus must be at least 1")
    for setting in args.env:
        if not setting.partition("=")[0].isidentifier():
            parser.error(f"--env wants NAME=VALUE, not \"{setting}\"")
    return args


def judge(control, log, ended_by_us, args):
    """What the run amounts to: (exit status, sentence to print or None)."""
    found = splats.find(log)
    with open(os.path.join(args.out, "splats.txt"), "w", encoding="utf-8") as report:
        report.write("\n".join(splat.text() for splat in found))
    if found:
        for splat in found[:3]:
            complain(f"the kernel complained: {splat.title}")
            print(splat.text(), file=sys.stderr)
        if len(found) > 3:
            complain(f"and {len(found) - 3} more, in splats.txt")
        return SPLAT, None
    if control.has("ended"):
        return HANG, (f"the budget of {args.budget:g} s of guest time passed: every task waits "
                      "for something that does not come, or COMMAND needs a larger --budget")
    if ended_by_us:
        return HANG, (f"the guest was killed after {args.timeout:g} s on the host's clock: "
                      "a busy loop in it, or COMMAND needs a longer --timeout")
    if control.has("status"):
        return int(control.read("status")), None
    if control.has("started"):
        return FAILED, "the guest ended before COMMAND did: something in it powered it off"
    return FAILED, "the kernel did not boot; its last words:\n" + "\n".join(
        log.splitlines()[-15:])


def run(args):
    with tempfile.TemporaryDirectory(prefix="mn-lab.", dir=guest.control_parent()) as directory:
        temporary = args.out is None
        args.out = os.path.abspath(args.out or os.path.join(directory, "out"))
        os.makedirs(args.out, exist_ok=True)
        control = guest.Control(os.path.join(directory, "control"))
        console = os.path.join(args.out, "console.log")
        lane = uml if args.lane == "uml" else debian
        with redir.attached(args, directory) as args.redir:
            machine = lane.prepare(args, control)
            control.write_settings(args, machine)
            ended_by_us = machine.run(control, console, args.timeout, args.interactive)
        with open(console, encoding="utf-8", errors="replace") as stream:
            log = stream.read()
        status, sentence = judge(control, log, ended_by_us, args)
        if sentence:
            complain(sentence)
        with open(os.path.join(args.out, "status"), "w", encoding="ascii") as stream:
            stream.write(f"{status}\n")
        if status >= SPLAT and temporary:
            # The directory goes away with this run: leave the log where it can be read.
            kept = os.path.join(CHECKOUT, "build", "lab", f"console-{args.lane}.log")
            os.makedirs(os.path.dirname(kept), exist_ok=True)
            shutil.copyfile(console, kept)
            complain(f"the kernel's log is {os.path.relpath(kept)}")
        elif status >= SPLAT:
            complain(f"the kernel's log is {os.path.relpath(console)}")
        return status


def main():
    args = parse_arguments()
    # Leave through the same door that cleans up after an ordinary run.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(128 + signal.SIGHUP))
    try:
        return run(args)
    except LabError as error:
        complain(f"{error} (while preparing: {shlex.join(args.command)})")
        return FAILED
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main())
