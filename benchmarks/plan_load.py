"""A plan of 1,000 apps, loaded and judged, against PyYAML's own C loader on the same bytes in the same process."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import yaml

from benchmarks.measured import folder, verdict
from portkey_migrate.plan import Names, load

APPS, ROUNDS, RATIO = 1000, 7, 1.4
_APP = """\
    method: stateless
    outage: 3m
    soak: 7d
    window: Sat 14:00-18:00
    http: /alive
    needs: {task/people-know: done}
    tell: "Passwords stay readable; saving waits about 3 minutes."
"""


def write(place: Path) -> list[bytes]:
    """The plan's files; returns their bytes."""
    names = [f"app-{n}" for n in range(APPS)]
    phases = place / "phases"
    phases.mkdir()
    (phases / "migration.yaml").write_text("schema: portkey.dev/v1\nname: large\ntimezone: UTC\nsource: {kind: k3s}\ntarget: {kind: talos}\n")
    (phases / "apps.yaml").write_text("apps:\n" + "".join(f"  {name}:\n{_APP}" for name in names))
    listed = "".join(f"  - app: {name}\n" for name in names)
    (phases / "1-first.yaml").write_text("goal: g\ndo:\n  - {task: people-know, ask: 'ok?'}\n" + listed)
    return [path.read_bytes() for path in sorted(phases.iterdir())]


def main() -> int:
    """The ratio of the least times; 1 if it is above its bound."""
    names = Names(methods=frozenset({"stateless"}), checks=frozenset(), tasks=frozenset())
    ours, bare = [], []
    with folder("plan") as place:
        texts = write(place)
        for _ in range(ROUNDS):
            began = time.perf_counter()
            load(place, names)
            ours.append(time.perf_counter() - began)
            began = time.perf_counter()
            for text in texts:
                yaml.load(text, Loader=yaml.CSafeLoader)
            bare.append(time.perf_counter() - began)
    ratio = min(ours) / min(bare)
    return verdict([(f"a plan of {APPS} apps", f"{ratio:.2f}x, {min(ours) * 1000:.0f} ms", f"<= {RATIO}x", ratio <= RATIO)])


if __name__ == "__main__":
    sys.exit(main())
