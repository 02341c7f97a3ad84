"""Keeps the servers of one run, and one temporary folder, until its runner is gone in whatever way.

The runner holds the other end of this process's standard input. When that ends (the runner closed it, was interrupted, or was killed
with SIGKILL) every server is ended by its id and the folder is removed; so nothing stays behind, and no name is ever killed by pattern.
It stands in a session of its own: Ctrl-C of the runner's terminal does not reach it or the servers, they are ended in order.

One JSON object a line. In: {"start": name, "argv": [...]} | {"stop": name}. Out: {"folder": path} first, then {"name", "pid"} or {"name", "code"}.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

_LAUNCH = str(Path(__file__).with_name("launch.py"))
_PATIENCE = 1.0  # an apiserver waits for its open watches otherwise, and nothing of it is worth that


def _start(argv: list[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as out:
        return subprocess.Popen([sys.executable, "-S", "-E", _LAUNCH, str(os.getpid()), *argv], stdin=subprocess.DEVNULL, stdout=out, stderr=out)


def _end(process: subprocess.Popen[bytes], patience: float) -> int:
    process.terminate()
    try:
        return process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _say(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)  # noqa: T201 - its output is how it answers


def main() -> None:
    os.setsid()
    for one in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(one, signal.SIG_IGN)  # its input's end is what ends it
    folder = Path(tempfile.mkdtemp(prefix="portkey-real-"))
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        _say({"folder": str(folder)})
        for text in sys.stdin:
            line = json.loads(text)
            if name := line.get("start"):
                running[name] = _start(line["argv"], folder / f"{name}.log")
                _say({"name": name, "pid": running[name].pid})
            elif name := line.get("stop"):
                _say({"name": name, "code": _end(running.pop(name), _PATIENCE)})
    except BrokenPipeError:
        pass  # the runner died between its question and our answer
    finally:
        # Last started, first ended, and none is waited for long: nothing of a test's cluster is worth saving.
        for process in reversed(running.values()):
            process.terminate()
        for process in reversed(running.values()):
            _end(process, 0.5)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
