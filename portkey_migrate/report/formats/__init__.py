"""How a page looks: one file a format. A file with `render(page, paper) -> str` in this folder is a format by being there."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portkey_migrate.report.pages import Page
    from portkey_migrate.report.paper import Paper


def names() -> list[str]:
    """Every format, sorted. The folder is listed rather than imported: `status` may import one format alone."""
    return sorted(entry.name[: -len(".py")] for entry in os.scandir(__path__[0]) if entry.name.endswith(".py") and not entry.name.startswith("_"))


def render(page: Page, fmt: str, paper: Paper) -> str:
    """The page in one format, ending with a newline unless it is empty."""
    text: str = importlib.import_module(f"{__name__}.{fmt}").render(page, paper)
    return text if not text or text.endswith("\n") else text + "\n"
