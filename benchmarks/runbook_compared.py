"""The written runbook and ours beside each other: what each of the two loses, row by row (lab.md 27). Started by `runbook.py`."""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import runbook_page as page
from benchmarks.runbook_kubectl import Kubectl
from portkey_migrate.lab import worlds
from portkey_migrate.lab.world import World
from portkey_migrate.model import API_VERSION
from portkey_migrate.rehearse import processes, run

REPO = Path(__file__).resolve().parent.parent
Row = dict[str, Any]
RUNBOOK, WITHOUT, OURS = "runbook", "runbook_without_self_heal", "ours"
SEEDS = range(1, 21)
_LARGE = 100.0  # from here on a tenth says nothing


def found(seed: int, without: Sequence[str] = ()) -> World:
    """The cluster as it was found, with traps turned off by name."""
    world = worlds.make(page.WORLD, seed)
    world.traps -= set(without)
    return world


def played(row: str, seed: int, folder: Path, without: Sequence[str] = ()) -> Row:
    """The page, followed in one lab."""
    state = folder / "state"
    with processes.lab(partial(found, seed, without), folder, state) as lab:
        # The last backup is at a seeded age within its six hours when the first command comes.
        age = random.Random(f"{seed}:backup-age").uniform(0.0, page.SCHEDULE)  # noqa: S311 (a lab's luck, repeatable by its seed)
        began = lab.ask("advance", seconds=age)
        for name, text in page.FOLDER.items():
            (folder / "apps" / page.APP).mkdir(parents=True, exist_ok=True)
            (folder / "apps" / page.APP / name).write_text(text)
        person = page.Person(lab, Kubectl(lab.path, state / "kubeconfig", folder), began + page.FIRST)
        page.follows(person, worlds.facts(page.WORLD)["clusters"]["target"]["ingress"])
        lab.ask("advance", seconds=page.AFTER)
        app = {"name": page.APP, "method": "runbook", "state": "", "outage_budget_seconds": page.ANNOUNCED}
        said = lab.ask("verdict", request={"apps": [app], "since": began})
        return {"row": row, "seed": seed, **said["apps"][0], "commands": [one.line for one in person.typed]}


def ours(seed: int, folder: Path) -> tuple[Row, str]:
    """The same app by `migrate advance`, to committed; and why that proves nothing, where it does not: who does not move loses nothing."""
    wanted = run.Asked(f"app/{page.APP}", seed)
    with run.running(wanted, REPO, folder / "state", folder) as it:
        run.go(it)
        said = run.document(it, 0.0)
    commands = [
        {"at": f"{n}.", "argv": ["migrate", *ran.argv], "code": ran.code, "outcome": ran.error.get("what") or ran.document.get("outcome") or "done"}
        for n, ran in enumerate(it.commands, 1)
    ]
    app = next(one for one in said["apps"] if one["name"] == page.APP)
    row = {"row": OURS, "seed": seed, **app, "commands": commands}
    moved = said["verdict"] == "clean" and app["state"] == "committed"
    return row, "" if moved else f"seed {seed}: ours is {said['verdict']} at {app['state']}: {'; '.join([*said['reasons'], *said['blocked_by']])}"


def compared(seeds: Sequence[int], folder: Path) -> tuple[dict[str, Any], list[str]]:
    """The whole document, a lab of its own for each row; and what it has to show and does not."""
    processes.warm()
    rows, faults = [], []
    for seed in seeds:
        mine, why = ours(seed, folder / f"{seed}-ours")
        without = played(WITHOUT, seed, folder / f"{seed}-without", ("self-heal",))
        rows += [played(RUNBOOK, seed, folder / f"{seed}-runbook"), without, mine]
        faults += [why] if why else []
    document = {"apiVersion": API_VERSION, "kind": "RunbookComparison", "world": page.WORLD, "rows": rows}
    return document, [*faults, *wrong(rows)]


def wrong(rows: Sequence[Row]) -> list[str]:
    """What the comparison has to show and does not."""
    out = []
    by_seed: dict[int, dict[str, Row]] = {}
    for row in rows:
        by_seed.setdefault(row["seed"], {})[row["row"]] = row
    for seed, one in sorted(by_seed.items()):
        runbook, without, mine = one[RUNBOOK], one[WITHOUT], one[OURS]
        out += [f"seed {seed}: the runbook's {key} is 0" for key in ("lost_writes", "double_writer_seconds") if not runbook[key] > 0]
        if not without["double_writer_seconds"] < runbook["double_writer_seconds"]:
            out.append(f"seed {seed}: without self-heal two writers are not there for less time")
        out += [f"seed {seed}: our {key} is {mine[key]}" for key in ("lost_writes", "double_writer_seconds") if mine[key] != 0]
    return out


def table(rows: Sequence[Row]) -> str:
    """The three rows, least to most over the seeds."""
    shown = (("writes lost", "lost_writes"), ("two writers, s", "double_writer_seconds"), ("nobody served, s", "outage_seconds"))
    lines = ["| | " + " | ".join(head for head, _ in shown) + " |", "|---|" + "---|" * len(shown)]
    for name, said in ((RUNBOOK, "the written runbook"), (WITHOUT, "the same, Argo CD not healing"), (OURS, "`migrate advance app vaultwarden`")):
        mine = [row for row in rows if row["row"] == name]
        cells = [_range([row[key] for row in mine]) for _, key in shown]
        lines.append(f"| {said} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _range(figures: Sequence[float]) -> str:
    said = [f"{one:,.0f}" if one >= _LARGE or one == int(one) else f"{one:.1f}" for one in (min(figures), max(figures))]
    return said[0] if said[0] == said[1] else f"{said[0]} to {said[1]}"


def main(argv: Sequence[str] | None = None) -> int:
    options = argparse.ArgumentParser(description="The written runbook, played in the lab, beside portkey-migrate.")
    options.add_argument("-o", "--output", choices=("table", "json"), default="table")
    options.add_argument("--seeds", default=f"{SEEDS[0]}-{SEEDS[-1]}", help="FIRST-LAST, or one")
    given = options.parse_args(argv)
    first, _, last = given.seeds.partition("-")
    with tempfile.TemporaryDirectory(prefix="pm-runbook-") as folder:
        document, faults = compared(range(int(first), int(last or first) + 1), Path(folder))
    print(json.dumps(document, indent=2) if given.output == "json" else table(document["rows"]))
    for one in faults:
        print(one, file=sys.stderr)
    return 1 if faults else 0
