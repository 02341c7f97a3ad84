"""For programs: one document with `apiVersion` and `kind`, times in UTC."""

from __future__ import annotations

import json

from portkey_migrate.report.pages import Page
from portkey_migrate.report.paper import Paper


def render(page: Page, paper: Paper) -> str:
    return json.dumps(page.document(), indent=2, ensure_ascii=False)
