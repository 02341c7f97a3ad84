"""A writer that was frozen writes on when it is thawed, though no watcher showed for it any more."""

from __future__ import annotations

from portkey_migrate.lab.traps import Trap
from portkey_migrate.lab.truth import measured

TRAP = Trap(
    "frozen-writer",
    says="A client frozen for longer than 30 s shows no watcher; thawed it registers again and writes on, unless it is on the blocklist.",
    facts=(measured("no watcher after 30 s; thawed it wrote on", "Ceph 29.8-30.2 s; a write after it succeeded on an image without exclusive-lock"),),
)
