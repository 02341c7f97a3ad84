"""An ApplicationSet restores what was patched on an Application that it owns: a hold that does not hold."""

from __future__ import annotations

from typing import Any

from portkey_migrate.lab.traps import Trap

TRAP = Trap(
    "owner-reverts",
    source="real/ A2: automated null reverted in 0.036 s, enabled false in 0.019 s; domain B21",
    says="What is patched on an owned Application goes back in 20-40 ms, foreign annotations too, unless the ApplicationSet ignores the field.",
)

#: Annotations that the ApplicationSet controller keeps without being told (applicationset_controller.go, defaultPreservedAnnotations).
KEPT = ("notified.notifications.argoproj.io", "argocd.argoproj.io/refresh", "argocd.argoproj.io/hydrate")


def ignored(appset: dict[str, Any]) -> list[str]:
    """The JSON pointers that `ignoreApplicationDifferences` names."""
    out: list[str] = []
    for one in appset["spec"].get("ignoreApplicationDifferences", ()):
        out += one.get("jsonPointers", ())
    return out


def kept(appset: dict[str, Any]) -> list[str]:
    """Annotations that stay on an owned Application."""
    return [*KEPT, *appset["spec"].get("preservedFields", {}).get("annotations", ())]
