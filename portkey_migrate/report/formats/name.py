"""Names alone, one a line, for a shell loop."""

from __future__ import annotations

from portkey_migrate.report.pages import Page
from portkey_migrate.report.paper import Paper


def render(page: Page, paper: Paper) -> str:  # noqa: ARG001  every format has the same shape
    return "\n".join(page.names())
