"""The JSON document as YAML block style. Every scalar is written as JSON writes it, which YAML 1.2 reads as the same value.

Written here because importing a YAML library would cost `status` half of its time, and this direction needs none.
"""

from __future__ import annotations

import json
from typing import Any

from portkey_migrate.report.pages import Page
from portkey_migrate.report.paper import Paper


def render(page: Page, paper: Paper) -> str:
    return "\n".join(_lines(page.document(), 0))


def _lines(value: Any, depth: int) -> list[str]:
    pad = "  " * depth
    out: list[str] = []
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, dict | list) and inner:
                out += [f"{pad}{_key(key)}:", *_lines(inner, depth + 1)]
            else:
                out.append(f"{pad}{_key(key)}: {_scalar(inner)}")
    else:
        for inner in value:
            if isinstance(inner, dict | list) and inner:
                first, *more = _lines(inner, depth + 1)
                out += [f"{pad}- {first.lstrip()}", *more]
            else:
                out.append(f"{pad}- {_scalar(inner)}")
    return out


def _key(key: Any) -> str:
    text = str(key)
    return text if text.replace("_", "").replace("-", "").isalnum() and text[0].isalpha() and text not in _READ_AS_OTHERS else json.dumps(text)


def _scalar(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


#: YAML 1.1 readers take these for booleans or null.
_READ_AS_OTHERS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "Yes", "No", "On", "Off", "True", "False", "Null"})
