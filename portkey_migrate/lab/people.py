"""Who answers in a person's place (lab.md 19): a policy, so that a rehearsal neither hangs nor says yes to everything unseen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World


@dataclass
class People:
    """What the people of this world say. Everything asked is kept, with what was answered."""

    approves: bool = True
    types: bool = True
    tells: dict[str, str] = field(default_factory=dict)  # part of a question → what is answered there instead of yes
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def answers(self, world: World, question: str, severe: bool, name: str) -> str:  # noqa: FBT001 (the world's own call)
        """What a person types: "" is no. `severe`: the name has to be typed; else a yes, or the words that an `ask` is answered with."""
        del world
        if severe:
            said = name if self.types else ""
        else:
            said = next((text for part, text in sorted(self.tells.items()) if part in question), "yes" if self.approves else "")
        self.asked.append((question, name, said))
        return said
