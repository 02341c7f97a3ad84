"""A person at a desk: a lab, a plan, and commands typed one after another, each a process of its own."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portkey_migrate.journal.read import history, load
from portkey_migrate.lab import worlds
from portkey_migrate.rehearse import processes
from portkey_migrate.rehearse.processes import Lab, Ran

REPO = Path(__file__).parents[2]


@dataclass
class Desk:
    home: Path
    state: Path
    lab: Lab
    folder: Path
    typed: list[Ran] = field(default_factory=list)

    def type(self, *argv: str) -> Ran:
        into = self.folder / "commands" / f"{len(self.typed):02d}"
        ran = processes.start([*argv], self.home, self.state, self.lab.path, into=into).wait()
        self.typed.append(ran)
        return ran

    def states(self) -> dict[str, str]:
        journal = load(self.state, page=None)
        return {f"{one.kind}/{one.name}": one.state for one in journal.subjects} if journal else {}

    def begun(self) -> bool:
        """Whether any transition stands in the journal."""
        return any(entry.move is not None for entry in history(self.state))

    def wait(self, seconds: float) -> None:
        self.lab.ask("advance", seconds=seconds)

    def written(self) -> list[tuple[str, bytes]]:
        """Every byte that the tool wrote or printed: its state folder less what the lab made, and each command's two streams."""
        lab_made = {"kubeconfig", "settings.yaml", "proxmox-token"}
        files = [path for path in sorted(self.state.rglob("*")) if path.is_file() and path.name not in lab_made]
        files += sorted((self.folder / "commands").rglob("std*"))
        return [(str(path), path.read_bytes()) for path in files]

    def leaks(self, secret: str) -> list[str]:
        """Where a secret stands, raw or base64 at each of the three alignments."""
        return [name for name, data in self.written() if any(form in data for form in forms(secret))]


def forms(secret: str) -> list[bytes]:
    """How a secret may stand in a file."""
    raw = secret.encode()
    return [raw, *(base64.b64encode(b"x" * n + raw)[4 if n else 0 : -4] for n in range(3))]


@contextmanager
def desk(tmp: Path, world: str = "portkey", home: Path = REPO, seed: int = 1) -> Iterator[Desk]:
    processes.warm()
    state = tmp / "state"
    with processes.lab(lambda: worlds.make(world, seed), tmp / "lab", state) as lab:
        yield Desk(home, state, lab, tmp)


def canary(world: str, seed: int = 1) -> str:
    made: Any = worlds.make(world, seed)
    return str(made.canary)
