"""`migrate lint`: faults and warnings of the plan, each where an editor can jump to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from portkey_migrate.report import API_VERSION, words
from portkey_migrate.report.pages import Block, Line


class Faults(NamedTuple):
    """What is wrong with a plan, and what is only worth a look."""

    plan: str
    subjects: int
    warnings: Sequence[str]
    not_built: Sequence[str]

    def names(self) -> list[str]:
        return list(self.warnings)

    def document(self) -> dict[str, Any]:
        return {
            "apiVersion": API_VERSION,
            "kind": "Lint",
            "plan": self.plan,
            "subjects": self.subjects,
            "faults": [],
            "warnings": list(self.warnings),
            "not_built": list(self.not_built),
        }

    def blocks(self, *, wide: bool) -> list[Block]:
        out: list[Block] = [Line(f"! {warning}", hang=2) for warning in self.warnings]
        if self.not_built:
            named = words.listed(list(self.not_built), len(self.not_built) if wide else 4)
            out.append(Line(f"· not built in this version, refused by name when its turn comes: {named}", hang=2))
        said = f", {words.count(len(self.warnings), 'warning')}" if self.warnings else ""
        return [*out, Line(f"✔ plan {self.plan}: {words.count(self.subjects, 'subject')}, no faults{said}")]
