"""The lab and the tool as processes of their own, forked from one warm parent: a fresh tool costs tens of milliseconds, and dies by a real SIGKILL.

The parent has one thread and opens no journal and no connection, so a fork copies nothing that is in use.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import pkgutil
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from portkey_migrate.errors import MigrateError
from portkey_migrate.lab.frames import Frame, Unpacker, pack

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

_CHUNK = 1 << 18
#: The tool as a shell knows it, by the name of its entry: a rehearsal types commands, it does not call what lies above it.
TOOL = "portkey_migrate.cli:main"
_WARM = (
    "portkey_migrate.cli.root",
    "portkey_migrate.journal.writer",
    "portkey_migrate.lab.fingerprint",
    "portkey_migrate.lab.kubeconfig",
    "portkey_migrate.lab.verdict",
    "portkey_migrate.lab.wishes",
    "portkey_migrate.lab.worlds",
    "portkey_migrate.session",
    "portkey_migrate.systems.kube",
)
LAB, STATE = "PORTKEY_MIGRATE_LAB", "PORTKEY_MIGRATE_STATE"


class LabDied(MigrateError):
    """The lab's process ended with an error of its own; what it said last stands in `why`."""

    code = "PKM-1102"
    exit = 11


def warm() -> None:
    """Imports once what every forked lab and tool needs."""
    for name in _WARM:
        importlib.import_module(name)
    from portkey_migrate import checks, recipes, steps

    for registry in (checks.registry, recipes.methods, steps.registry):
        registry()


def _child(work: Callable[[], int], log: IO[str]) -> int:
    """Forks; the child does the work and ends without any of the parent's clean-up. Returns its process id."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        code = work()
    except BaseException:  # noqa: BLE001 (the child must never return into the parent's code)
        traceback.print_exc(file=log)
        log.flush()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


@dataclass
class Lab:
    """One lab process, and the harness's line to it."""

    pid: int
    path: str  # the tool's socket
    line: socket.socket
    log: Path
    _frames: list[Frame] = field(default_factory=list)
    _unpacker: Unpacker = field(default_factory=Unpacker)

    def ask(self, do: str, **wish: Any) -> Any:
        """One wish, served when every actor of the tool is parked."""
        try:
            self.line.sendall(pack({"do": do, **wish}))
            while not self._frames:
                data = self.line.recv(_CHUNK)
                if not data:
                    raise ConnectionError("closed")
                self._frames += self._unpacker.feed(data)
        except OSError:
            said = self.log.read_text() if self.log.exists() else ""
            raise LabDied("the lab's process has ended", why=said.strip()[-2000:], hint="migrate lint") from None
        header, body = self._frames.pop(0)
        if "error" in header:
            raise LabDied(f"the lab could not {do}: {header['error']}", why=header.get("trace", "")[-2000:], hint="migrate lint")
        return json.loads(body) if body else None

    def quit(self) -> None:
        with contextlib.suppress(LabDied, OSError):
            self.ask("quit")
        self.line.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


@contextlib.contextmanager
def lab(make: Callable[[], World], folder: Path, state: Path, *, writes: bool = True) -> Iterator[Lab]:
    """A lab in a process of its own, until the end of the block. `make` runs there: the harness never holds a world.

    `writes`: kubeconfig and settings anew.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "lab.log"
    ours, theirs = socket.socketpair()
    with tempfile.TemporaryDirectory(prefix="pm-") as short:  # a unix socket's path has 107 bytes, a state folder may have more
        path = f"{short}/lab.sock"

        def work() -> int:
            from portkey_migrate.lab import kubeconfig
            from portkey_migrate.lab.server import Server

            ours.close()
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tool; the world stays as it is
            world = make()
            if writes:
                state.mkdir(mode=0o700, parents=True, exist_ok=True)
                kubeconfig.write(world, state)
            server = Server(world, path, state)
            server.controlled(theirs, ends_with_it=True)
            server.serve()
            return 0

        with log.open("w") as out:
            pid = _child(work, out)
        theirs.close()
        here = Lab(pid, path, ours, log)
        try:
            here.ask("stats")  # it stands
            yield here
        finally:
            here.quit()


@dataclass(frozen=True)
class Ran:
    """How one command of the tool ended."""

    argv: tuple[str, ...]
    code: int  # -9: killed
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """What `-o json` printed; {} where it printed nothing (it was killed)."""
        try:
            said: dict[str, Any] = json.loads(self.out)
        except ValueError:
            return {}
        return said

    @property
    def error(self) -> dict[str, Any]:
        document = self.document
        return document if document.get("kind") == "Error" else document.get("error") or {}


@dataclass
class Tool:
    """One command of the tool, in a process of its own."""

    pid: int
    argv: tuple[str, ...]
    out: Path
    err: Path

    def wait(self) -> Ran:
        _, status = os.waitpid(self.pid, 0)
        return self._ended(status)

    def kill(self) -> Ran:
        """SIGKILL: nothing of it runs on, its lock and its sockets are the kernel's to clean up."""
        os.kill(self.pid, signal.SIGKILL)
        return self.wait()

    def interrupt(self) -> None:
        os.kill(self.pid, signal.SIGINT)

    @property
    def over(self) -> Ran | None:
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        return self._ended(status) if pid else None

    def _ended(self, status: int) -> Ran:
        return Ran(self.argv, os.waitstatus_to_exitcode(status), self.out.read_text(), self.err.read_text())


def start(argv: Sequence[str], home: Path, state: Path, socket_path: str, *, into: Path, said: int | None = None) -> Tool:
    """The real `migrate ARGV` in a fresh process. `said`: a descriptor for its stderr in place of a file, for a screen that is watched."""
    into.mkdir(parents=True, exist_ok=True)
    out, err = into / "stdout", into / "stderr"
    env = {LAB: socket_path, STATE: str(state), "PORTKEY_MIGRATE_HOME": str(home)}
    with err.open("w") as log:
        return Tool(_child(lambda: _run(argv, env, out, err, said), log), tuple(argv), out, err)


def _run(argv: Sequence[str], env: Mapping[str, str], out: Path, err: Path, said: int | None) -> int:
    for name in [name for name in os.environ if name.startswith("PORTKEY_MIGRATE_") or name == "KUBECONFIG"]:
        del os.environ[name]
    os.environ.update(env)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    for number, path in ((1, out), (2, err)):
        if number == 2 and said is not None:  # noqa: PLR2004 (stderr)
            os.dup2(said, 2)
            continue
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1)
    try:
        code: int = pkgutil.resolve_name(TOOL)(list(argv))
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    return code
