"""docs/truth.md, made from the lab's declarations: `python -m portkey_migrate.lab.truth_page > docs/truth.md`. A test holds the two equal.

A part that claims something and does not say how it is known has no page: the module ends with its name. What a part claims stands in the
part, never here.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from portkey_migrate.lab import api, argocd, controllers, faults, latency, traps
from portkey_migrate.lab.truth import KINDS, PROJECTS, SYSTEMS, Fact, Facts, Source

#: Modules of the folders below that claim nothing of the real system, with the reason.
SILENT = {
    "api.message": "the shapes of a request and its answer",
    "controllers.volumes": "words that several controllers use",
}
_FOLDERS = {"Kubernetes API": (api,), "Controllers": (controllers,), "Argo CD": (argocd,)}
_MODULES = {
    "Storage and backups": ("ceph", "rbd", "restic", "cron", "frozen"),
    "Proxmox VE": ("pve",),
    "People, routes and Git": ("users", "traffic", "dns", "delivery", "worlds.chart"),
}

_HEAD = """# What of the lab is proved, and what is assumed

Made by `python -m portkey_migrate.lab.truth_page > docs/truth.md`; edit the declarations in `portkey_migrate/lab/`, not this page.

A rehearsal is worth as much as the lab is true. Here is each behaviour that the lab claims of a real system, and how it is known.

| known | that is | behaviours |
|---|---|---|
"""
_KINDER = """
## Where a guess is kinder than the real system

Here a clean rehearsal promises less than it seems to. A guess that is harsher costs the tool more than reality would, and one that may err
either way is nobody's promise; both are in the tables below.

| part | claim | why |
|---|---|---|
"""


class Part(NamedTuple):
    """One thing of the lab that claims something: a module, a trap, a fault, a range."""

    area: str
    name: str
    facts: Facts


def parts() -> Iterator[Part]:
    """Every part, declared or not, by its area."""
    for area, packages in _FOLDERS.items():
        for package in packages:
            short = package.__name__.rpartition(".")[2]
            for module in pkgutil.iter_modules(package.__path__):
                if f"{short}.{module.name}" not in SILENT:
                    yield Part(area, module.name, _declared(f"{package.__name__}.{module.name}"))
    for area, names in _MODULES.items():
        for name in names:
            yield Part(area, name, _declared(f"portkey_migrate.lab.{name}"))
    for name, trap in traps.registry().items():
        yield Part("Traps", name, trap.facts)
    for name, fault in faults.FAULTS.items():
        yield Part("Faults", name, fault.facts)
    for name, one in latency.RANGES.items():
        yield Part("Latencies", f"{name} {_seconds(one.low)}-{_seconds(one.high)} s", (one.fact,) if one.fact else ())


def _declared(module: str) -> Facts:
    found: Facts = getattr(importlib.import_module(module), "FACTS", ())
    return found


def _seconds(value: float) -> str:
    return f"{value:g}"


def undeclared() -> list[str]:
    """Parts that do not say how what they claim is known."""
    return [f"{part.area}: {part.name}" for part in parts() if not part.facts]


def line(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def where(fact: Fact) -> str:
    if fact.known == "held":
        return f"`{fact.where.removeprefix('tests/')}`"
    return f"{fact.errs}: {fact.where}" if fact.errs else fact.where


def page() -> str:
    """The whole of it. Raises where a part is undeclared."""
    if undeclared():
        raise LookupError(f"no fact says how this is known: {'; '.join(undeclared())}")
    found = list(parts())
    facts = [fact for part in found for fact in part.facts]
    count = Counter(fact.known for fact in facts)
    out = _HEAD + "".join(line(f"**{kind}**", means, str(count[kind])) for kind, means in KINDS.items())
    out += "\n" + _by_area(found)
    out += _KINDER + "".join(line(f"`{part.name}`", fact.says, fact.where) for part in found for fact in part.facts if fact.errs == "kinder")
    out += "\n## What was measured and read\n\n" + _sources("measured", SYSTEMS) + "\n" + _sources("read", PROJECTS)
    for area in dict.fromkeys(part.area for part in found):
        out += f"\n## {area}\n\n" + line("part", "claim", "known", "where") + "|---|---|---|---|\n"
        out += "".join(
            line(f"`{part.name}`", fact.says, fact.known, where(fact))
            for part in found
            if part.area == area
            for fact in sorted(part.facts, key=_rank)
        )
    return out


def _rank(fact: Fact) -> int:
    return list(KINDS).index(fact.known)


def _by_area(found: Iterable[Part]) -> str:
    areas: dict[str, Counter[str]] = {}
    for part in found:
        areas.setdefault(part.area, Counter()).update(fact.known for fact in part.facts)
    out = line("area", *KINDS) + "|---" * (len(KINDS) + 1) + "|\n"
    return out + "".join(line(area, *(str(count[kind] or "") for kind in KINDS)) for area, count in areas.items())


def _sources(known: str, sources: dict[str, Source]) -> str:
    return line(known, "version", "what it was") + "|---|---|---|\n" + "".join(line(name, *one) for name, one in sources.items())


if __name__ == "__main__":
    if missing := undeclared():
        sys.exit("no fact says how this is known:\n" + "\n".join(f"  {name}" for name in missing))
    sys.stdout.write(page())
