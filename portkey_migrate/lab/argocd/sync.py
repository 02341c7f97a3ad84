"""One operation of an Application: what it applies, what it prunes, and the result that it writes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from portkey_migrate.lab.argocd import OPTIONS
from portkey_migrate.lab.argocd.compare import Resource, laid_over
from portkey_migrate.lab.kinds import KINDS
from portkey_migrate.lab.town import posted
from portkey_migrate.lab.truth import assumed, measured, read

if TYPE_CHECKING:
    from portkey_migrate.lab.controllers import Controller
    from portkey_migrate.lab.world import World

FACTS = (
    measured("what fails does not stop the others", "Argo CD one object of several was invalid"),
    read("no more tasks, or all tasks run", "gitops-engine pkg/sync/sync_context.go:559, :600"),
    assumed("kinds in one order, no waves, no hooks", "the lab's apps have neither", "kinder"),
)

Object = dict[str, Any]


def chosen(resources: Iterable[Resource], selectors: list[Object] | None) -> list[Resource]:
    """What an operation is about: all, or what its `resources` name."""
    if not selectors:
        return list(resources)
    wanted = {(one.get("group", ""), one["kind"], one.get("namespace", ""), one["name"]) for one in selectors}
    return [one for one in resources if wanted & {(KINDS[one.kind].group, one.kind, namespace, one.name) for namespace in (one.namespace, "")}]


def apply(
    world: World, controller: Controller, resources: Iterable[Resource], *, prune: bool, options: Iterable[str], dry: bool
) -> tuple[list[Object], list[str]]:
    """Applies in the kinds' order. Returns the result lines and what failed; the others are applied all the same (real/ A7)."""
    lines: list[Object] = []
    failed: list[str] = []
    for one in resources:
        line: Object = {**one.selector, "version": KINDS[one.kind].version, "syncPhase": "Sync"}
        if dry:
            lines.append({**line, "status": "Synced", "message": f"{KINDS[one.kind].singular}/{one.name} created (dry run)"})
            continue
        fault = _prune(world, controller, one, prune=prune) if one.prune else _apply(world, controller, one, options)
        if fault:
            failed.append(fault)
            lines.append({**line, "status": "SyncFailed", "message": fault})
        else:
            lines.append(
                {
                    **line,
                    "status": "Pruned" if one.prune and prune else "Synced",
                    "message": f"{KINDS[one.kind].singular}/{one.name} serverside-applied",
                }
            )
    return lines, failed


def _apply(world: World, controller: Controller, one: Resource, options: Iterable[str]) -> str:
    wanted = one.wanted or {}
    if one.namespace and controller.get(world, "Namespace", "", one.namespace) is None:
        if "CreateNamespace=true" not in options:
            return f'namespaces "{one.namespace}" not found'
        controller.create(world, "Namespace", posted(world, controller.cluster, {"kind": "Namespace", "metadata": {"name": one.namespace}}))
    live = controller.get(world, one.kind, one.namespace, one.name)
    if live is None:
        made = controller.create(world, one.kind, posted(world, controller.cluster, wanted))
        return "" if made is not None else f'{KINDS[one.kind].resource} "{one.name}" is forbidden: namespace {one.namespace} is being terminated'
    laid = laid_over(live, wanted)
    if laid != live:
        controller.replace(world, laid)
    return ""


def _prune(world: World, controller: Controller, one: Resource, *, prune: bool) -> str:
    live = controller.get(world, one.kind, one.namespace, one.name)
    if live is None or not prune or "Prune=false" in live["metadata"].get("annotations", {}).get(OPTIONS, ""):
        return ""
    controller.delete(world, live)
    return ""
