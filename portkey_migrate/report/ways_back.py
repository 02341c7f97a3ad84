"""The way back of a subject as it is written down: the undo pages, which a person can read and run without the tool."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from portkey_migrate.report import API_VERSION, words
from portkey_migrate.report.pages import Block, Command, Line, Verbatim


class WayBack(NamedTuple):
    """The undo pages of one subject, or of all."""

    subject: str
    pages: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, place: Path, subject: str) -> WayBack:
        """Reads `undo/` of the journal's folder; no page means that nothing was begun that has to be undone."""
        folder = place / "undo"
        wanted = "*.md" if subject == "all" else f"{subject.replace('/', '-')}.md"
        files = sorted(folder.glob(wanted)) if folder.is_dir() else []
        return cls(subject, tuple((file.name, file.read_text(encoding="utf-8")) for file in files))

    def names(self) -> list[str]:
        return [name for name, _ in self.pages]

    def document(self) -> dict[str, Any]:
        return {
            "apiVersion": API_VERSION,
            "kind": "WayBack",
            "subject": self.subject,
            "pages": [{"name": name, "text": text} for name, text in self.pages],
        }

    def blocks(self, *, wide: bool) -> list[Block]:
        if not self.pages:
            return [Line(f"{self.subject}: nothing is written down to undo.")]
        return [
            *(Verbatim(text, "text") for _, text in self.pages),
            Line(),
            Command(f"migrate rollback {words.typed(self.subject)}", "does it, and looks before each step"),
        ]
