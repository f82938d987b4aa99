# SPDX-License-Identifier: GPL-2.0-or-later
"""A simulated handpiece on the host, on the guest's USB bus through QEMU's xHCI."""

import contextlib
import os
import select
import shlex
import subprocess

from host import CHECKOUT, LabError, die_with_parent

PROGRAM = os.path.join(CHECKOUT, "build", "bin", "mn-handpiece")


def device(path):
    """QEMU's part: a controller, and what is at PATH plugged into it."""
    return ["-device", "qemu-xhci", "-chardev",
            f"socket,id=redir,path={path.replace(',', ',,')}",
            "-device", "usb-redir,chardev=redir"]


def start(options, listen, out):
    """A process that is ready for a guest; its control socket, trace and memory are in OUT."""
    if not os.access(PROGRAM, os.X_OK):
        raise LabError("build/bin/mn-handpiece has not been built: make programs")
    with open(os.path.join(out, "handpiece.log"), "ab") as log:
        process = subprocess.Popen(
            [PROGRAM, "--front", "usbredir", "--listen", listen,
             "--control", control(out), "--trace", os.path.join(out, "handpiece.jsonl"),
             "--nv", os.path.join(out, "handpiece.nv"), *shlex.split(options)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
            start_new_session=True, preexec_fn=die_with_parent)
    ready = select.select([process.stdout], [], [], 10)[0]
    if not ready or process.stdout.readline() != b"ready\n":
        stop(process)
        raise LabError(f"the handpiece did not get ready: see {log.name}")
    return process


def control(out):
    return os.path.join(out, "handpiece.sock")


def stop(process):
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()


@contextlib.contextmanager
def attached(args, directory):
    """While the guest runs: the socket that it connects to, or None."""
    if args.handpiece is None:
        yield args.handpiece_at and os.path.abspath(args.handpiece_at)
        return
    listen = os.path.join(directory, "redir")
    process = start(args.handpiece, listen, args.out)
    args.env.append(f"MN_HANDPIECE_CONTROL={control(args.out)}")
    try:
        yield listen
    finally:
        stop(process)
