"""The table with every row and every column, nothing summed up."""

from __future__ import annotations

from portkey_migrate.report import layout
from portkey_migrate.report.pages import Page
from portkey_migrate.report.paper import Paper


def render(page: Page, paper: Paper) -> str:
    return layout.text(page.blocks(wide=True), paper)
