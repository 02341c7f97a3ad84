"""Custom resources as a real server is told of them: the few words of their schemas that the lab claims (real/ A7), and everything else let in.

The real projects' definitions are not ours to carry; what is held against the server here is how it treats a custom resource at all:
generations, /status or none, merge patches, no strategic ones.
"""

from __future__ import annotations

from typing import Any

_OPEN: dict[str, Any] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_OPERATION = {**_OPEN, "properties": {"sync": _OPEN}}


def _definition(kind: str, group: str, version: str, *, status: bool, required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    plural = kind.lower() + "s"
    schema = {"type": "object", "properties": {"spec": _OPEN, "status": _OPEN, **properties}, **({"required": list(required)} if required else {})}
    served: dict[str, Any] = {"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    if status:
        served["subresources"] = {"status": {}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()},
            "scope": "Namespaced",
            "versions": [served],
        },
    }


DEFINITIONS = (
    _definition("Application", "argoproj.io", "v1alpha1", status=False, required=("spec",), operation=_OPERATION),
    _definition("ReplicationSource", "volsync.backube", "v1alpha1", status=True),
)
