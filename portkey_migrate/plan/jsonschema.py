"""The JSON Schema of the plan's files, for an editor's completion (`# yaml-language-server: $schema=…`), from the models that judge them.

`python -m portkey_migrate.plan.jsonschema > docs/plan.schema.json`; a test compares the file with what this prints.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from portkey_migrate.plan.entries import AppsFile, Entry, MigrationFile, PhaseFile

FILES: dict[str, type[Entry]] = {"migration": MigrationFile, "apps": AppsFile, "phase": PhaseFile}


def schema() -> dict[str, Any]:
    """One schema for all three kinds of file: which one a file is shows in its keys."""
    every: dict[str, Any] = {}
    shapes = []
    for name, model in FILES.items():
        made = model.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
        every.update(made.pop("$defs", {}))
        every[name] = made
        shapes.append({"$ref": f"#/$defs/{name}"})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "portkey-migrate plan",
        "anyOf": shapes,
        "$defs": dict(sorted(every.items())),
    }


def text() -> str:
    return json.dumps(schema(), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
