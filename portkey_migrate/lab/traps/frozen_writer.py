"""A writer that was frozen writes on when it is thawed, though no watcher showed for it any more."""

from __future__ import annotations

from portkey_migrate.lab.traps import Trap

TRAP = Trap(
    "frozen-writer",
    source="real/ceph.md §3, real/README.md §4.7; domain B41: layering-only images have no lock that would be broken",
    says="A client frozen for longer than 30 s shows no watcher; thawed it registers again and writes on, unless it is on the blocklist.",
)
