"""Who answers in a person's place (lab.md 19): a policy, so that a rehearsal neither hangs nor says yes to everything unseen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass
class People:
    """What the people of this world say. Everything asked is kept, with what was answered."""

    approves: bool = True
    types: bool = True
    tells: dict[str, str] = field(default_factory=dict)  # part of a question → what is answered there instead of yes
    asked: list[tuple[str, str, bool | str | None]] = field(default_factory=list)

    def answer(self, question: str, kind: Literal["agrees", "types", "tells"], name: str = "") -> bool | str | None:
        """`agrees`, `types`: whether they do. `tells`: their words to an `ask`, None where they say nothing."""
        said: bool | str | None
        if kind == "tells":
            said = next((text for part, text in sorted(self.tells.items()) if part in question), "yes" if self.approves else None)
        else:
            said = self.approves if kind == "agrees" else self.types
        self.asked.append((question, name, said))
        return said
