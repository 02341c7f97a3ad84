"""Names alone, one a line, for a shell loop."""

from __future__ import annotations

from portkey_migrate.report.pages import Page
from portkey_migrate.report.paper import Paper


def render(page: Page, paper: Paper) -> str:
    return "\n".join(page.names())
