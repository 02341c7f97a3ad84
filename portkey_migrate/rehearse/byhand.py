"""`migrate lab …`: a lab in the background, after which every verb works on it (lab.md 28). Time moves while a verb runs, and by `lab wait`."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import socket
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from portkey_migrate.errors import Unreachable, Usage
from portkey_migrate.lab.frames import Frame, Unpacker, pack
from portkey_migrate.model import API_VERSION
from portkey_migrate.rehearse import asked, run

_LAB, _STATE = "PORTKEY_MIGRATE_LAB", "PORTKEY_MIGRATE_STATE"
_START = 30.0  # seconds of wall time in which a lab must answer
_SIDES = {"source": "K3s", "target": "Talos", "none": "nobody"}


def up(*, world: str, seed: int, folder: Path) -> dict[str, str]:
    """Starts one in the background; the two variables to export. `folder`: the home of the plan."""
    run.check(run.Asked("", seed, world))
    state = run.folder_of(folder, world, seed)
    marks = state / "lab.json"
    if marks.exists() and _alive(json.loads(marks.read_text())["control"]):
        raise Usage(f"a lab of {world}, seed {seed}, is already up", hint=f"migrate lab down\nmigrate lab up --seed {seed + 1}")
    run.fresh(state)
    # A unix socket's path has 107 bytes at most, a home may have more.
    short = Path(tempfile.mkdtemp(prefix="pm-lab-"))
    path, control = str(short / "lab.sock"), str(short / "control.sock")
    named = str(Path(world).absolute()) if Path(world).suffix else world
    argv = [sys.executable, "-m", "portkey_migrate.lab", "--socket", path, "--control", control, "--state", str(state)]
    pid = _spawn([*argv, "--world", named, "--seed", str(seed), "--by-hand"], state / "lab.log")
    marks.write_text(json.dumps({"socket": path, "control": control, "pid": pid, "world": world, "seed": seed}))
    _await(pid, control, state / "lab.log")
    return {_LAB: path, _STATE: str(state)}


def _spawn(argv: list[str], log: Path) -> int:
    """A process that outlives this command: a session of its own, nothing of this terminal. Not `subprocess`: that one expects to be waited for."""
    to_log = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    files = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_OPEN, 1, str(log), to_log, 0o600), (os.POSIX_SPAWN_DUP2, 1, 2)]
    return os.posix_spawn(argv[0], argv, os.environ, file_actions=files, setsid=True)


def _await(pid: int, control: str, log: Path) -> None:
    until = time.monotonic() + _START
    while not _alive(control):
        ended, _ = os.waitpid(pid, os.WNOHANG)
        if ended or time.monotonic() > until:
            raise Unreachable("the lab did not come up", why=log.read_text()[-1000:], hint="migrate lab up")
        select.select([], [], [], 0.02)


def _alive(control: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        return line.connect_ex(control) == 0


def ask(do: str, **wish: Any) -> Any:
    """One wish of the lab that this shell works on."""
    path = os.environ.get(_LAB)
    if not path:
        raise Usage("no lab is named in this shell", why=f"{_LAB} is not set", hint="migrate lab up")
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    unpacker = Unpacker()
    frames: list[Frame] = []
    try:
        line.connect(str(Path(path).with_name("control.sock")))
        line.sendall(pack({"do": do, **wish}))
        while not frames:
            data = line.recv(1 << 18)
            if not data:
                raise ConnectionError("closed")
            frames += unpacker.feed(data)
    except OSError as gone:
        if do == "quit":
            return None
        raise Unreachable("the lab does not answer", why=f"{path}: {gone}", hint="migrate lab up") from None
    finally:
        line.close()
    header, body = frames[0]
    if "error" in header:
        raise Usage(f"the lab refused: {header['error']}", hint="migrate lab verdict")
    return json.loads(body) if body else None


def wait(seconds: float) -> str:
    now = ask("advance", seconds=seconds)
    return f"It is {datetime.fromtimestamp(now, UTC):%a %Y-%m-%d %H:%M:%S} UTC in the lab"


def users() -> list[str]:
    """What people see now, one line an app."""
    out = []
    for app, sees in sorted(ask("users").items()):
        by = sees["acknowledged"]
        out.append(f"{app:<16} {_SIDES[sees['serves']]:<7} https://{sees['host']}  answered so far: {by['source']} K3s, {by['target']} Talos")
    return out


def break_(fault: str, app: str = "") -> str:
    """A situation by its name, for one app (the world's first where none is named), or KIND@N: the Nth such call from now."""
    from portkey_migrate.lab import situations

    if fault in situations.names():
        ask("situation", name=fault, app=app)
        return f"The lab has the situation {fault} now{f', for {app}' if app else ''}"
    from portkey_migrate.lab import faults

    try:
        planned = faults.parsed([fault])[0]
    except ValueError as error:
        raise Usage(str(error), why=f"a situation is one of {', '.join(situations.names())}", hint="migrate lab break target-ingress-down") from None
    ask("break", fault=planned.kind, nth=planned.nth or 1)
    return f"{planned.kind} hits the {_nth(planned.nth or 1)} {'watch' if planned.counts == 'watch' else 'changing call'} from now"


def _nth(n: int) -> str:
    return f"{n}{'th' if n % 100 // 10 == 1 else {1: 'st', 2: 'nd', 3: 'rd'}.get(n % 10, 'th')}"


def verdict() -> dict[str, Any]:
    """What the lab says of everything that moved so far; the keys of a Rehearsal that apply."""
    plan = asked.plan_of(run.session_home())
    known = asked.states(Path(os.environ.get(_STATE, "")))
    moved = [id_ for id_, one in known.items() if id_.startswith("app/") and one.state != "planned"]
    apps = []
    for id_ in moved:
        app = plan.apps.get(id_.partition("/")[2])
        if app is not None:
            apps.append({"name": app.name, "method": app.method, "state": known[id_].state, "outage_budget_seconds": app.outage})
    said = ask("verdict", request={"apps": apps})
    stats = ask("stats")
    return {
        "apiVersion": API_VERSION,
        "kind": "Rehearsal",
        "subject": "",
        "seed": stats["seed"],
        "world": stats["name"],
        "request": {},
        "verdict": said["verdict"],
        "reasons": said["reasons"],
        "blocked_by": [],
        "apps": said["apps"],
        "fingerprint": ask("fingerprint"),
        "differences": [],
        "faults": stats["faults"],
        "crashes": {"points": 0, "recovered": 0, "parked": 0, "double_effects": said["double_effects"], "by_sigkill": 0, "failed": []},
        "virtual_seconds": round(stats["now"] - stats["since"], 3),
        "wall_seconds": 0.0,
        "api_calls": stats["api_calls"],
    }


def down() -> None:
    """It ends; its journal stays."""
    ask("quit")
    shutil.rmtree(Path(os.environ[_LAB]).parent, ignore_errors=True)
    marks = Path(os.environ.get(_STATE, "")) / "lab.json"
    if marks.is_file():
        with contextlib.suppress(ChildProcessError):  # only where this very process started it
            os.waitpid(json.loads(marks.read_text())["pid"], 0)
        marks.unlink()
