"""Becomes another program that dies with its parent: `python launch.py PARENT-PID PROGRAM ARG…`.

A server whose supervisor was killed with SIGKILL must not live on: the kernel sends it the signal, whatever the supervisor could still do.
The setting survives exec. Standard library alone, started with -S -E: this runs before every server.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1

if __name__ == "__main__":
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != int(sys.argv[1]):  # the parent was gone before the kernel was asked
        sys.exit("the parent is gone")
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - the program that it was asked to become
