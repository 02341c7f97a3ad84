"""An ApplicationSet restores what was patched on an Application that it owns: a hold that does not hold."""

from __future__ import annotations

from typing import Any

from portkey_migrate.lab.traps import Trap
from portkey_migrate.lab.truth import measured, read

TRAP = Trap(
    "owner-reverts",
    says="What is patched on an owned Application goes back in 20-40 ms, foreign annotations too, unless the ApplicationSet ignores the field.",
    facts=(
        measured("automated null and enabled false go back in 20-40 ms", "Argo CD null 0.036 s, false 0.019 s, targetRevision 0.06 s, one each"),
        measured("a field that ignoreApplicationDifferences names stays", "Argo CD /spec/syncPolicy watched for 20 s"),
        read(
            "three annotations are kept without being told",
            "argo-cd applicationset/controllers/applicationset_controller.go:75 defaultPreservedAnnotations",
        ),
    ),
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
