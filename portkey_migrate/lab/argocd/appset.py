"""The ApplicationSet controller: makes Applications from a template, and puts back what anybody else changes on them (real/ A2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from portkey_migrate.lab.argocd import FINALIZER, NAMESPACE
from portkey_migrate.lab.controllers import Controller, Key, Object, alive, either, owned_by, owner
from portkey_migrate.lab.town import town
from portkey_migrate.lab.traps import owner_reverts
from portkey_migrate.lab.truth import assumed, measured, read

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

FACTS = (
    measured("an Application comes 0.16 s after its set", "Argo CD once"),
    measured("create-only reverts nothing", "Argo CD watched for 5 s"),
    read("fields that are ignored are left out on both sides", "argo-cd applicationset/utils/createOrUpdate.go:138 applyIgnoreDifferences"),
    assumed("an element taken away deletes its Application at once", "0.75 s were measured, with its resources", "harsher"),
)


class ApplicationSets(Controller):
    """Every ApplicationSet of one cluster."""

    name = "argocd-applicationset-controller"
    kinds = frozenset({"ApplicationSet", "Application"})

    def keys(self, world: World, kind: str, old: Object | None, new: Object | None) -> Iterable[tuple[Key, float]]:
        obj = either(old, new)
        if kind == "ApplicationSet":
            yield (obj["metadata"]["name"],), 0.03
            return
        mine = owner(obj, "ApplicationSet")
        if mine and (old is None or new is None or _face(old) != _face(new)):
            later = world.rng(f"{self.cluster}/argocd/reverts").uniform(0.019, 0.06)
            # A deleted Application is made again after its cascade (real/ A2: 5.3 s with its Namespace, here what is left of that).
            yield (mine,), later if new is not None else 0.5

    def act(self, world: World, now: float, key: Key) -> float | None:
        del now
        appset = self.get(world, "ApplicationSet", NAMESPACE, key[0])
        if appset is None or not alive(appset):
            return None
        policy = appset["spec"].get("syncPolicy", {})
        how = policy.get("applicationsSync", "sync")
        expected = {one["metadata"]["name"]: one for one in self._rendered(world, appset)}
        for name, wanted in expected.items():
            there = self.get(world, "Application", NAMESPACE, name)
            if there is None:
                self.create(world, "Application", wanted)
            elif alive(there) and how != "create-only" and owner(there, "ApplicationSet") == key[0] and owner_reverts.TRAP.bites(world):
                self._restore(world, appset, there, wanted)
        if how in ("sync", "create-delete"):
            for one in list(self.list(world, "Application", NAMESPACE)):
                if owner(one, "ApplicationSet") == key[0] and one["metadata"]["name"] not in expected and alive(one):
                    self.delete(world, one)
        return None

    def _rendered(self, world: World, appset: Object) -> Iterable[Object]:
        preserves = appset["spec"].get("syncPolicy", {}).get("preserveResourcesOnDeletion")
        for values in self._elements(world, appset):
            made = _filled(appset["spec"]["template"], values)
            metadata = {**made["metadata"], "namespace": NAMESPACE, "ownerReferences": [owned_by(appset)]}
            if not preserves:
                metadata["finalizers"] = [FINALIZER]
            yield {"metadata": metadata, "spec": made["spec"]}

    def _elements(self, world: World, appset: Object) -> Iterable[Mapping[str, str]]:
        for generator in appset["spec"]["generators"]:
            yield from generator.get("list", {}).get("elements", ())
            git = generator.get("git")
            if git:
                for path in sorted(town(world).git.revisions.get(git["revision"], {})):
                    yield {"name": path.rpartition("/")[2], "path": path}

    def _restore(self, world: World, appset: Object, there: Object, wanted: Object) -> None:
        spec: Any = wanted["spec"]
        for pointer in owner_reverts.ignored(appset):
            spec = _with(spec, there["spec"], pointer.strip("/").split("/")[1:])
        metadata = dict(there["metadata"])
        had = metadata.get("annotations", {})
        metadata["annotations"] = {**{key: had[key] for key in owner_reverts.kept(appset) if key in had}, **wanted["metadata"].get("annotations", {})}
        metadata["labels"] = dict(wanted["metadata"].get("labels", {}))
        metadata["finalizers"] = list(wanted["metadata"].get("finalizers", ()))
        self.replace(world, {**there, "metadata": metadata, "spec": spec})


def _face(app: Object) -> tuple[Any, ...]:
    metadata = app["metadata"]
    return app["spec"], metadata.get("labels"), metadata.get("annotations"), metadata.get("finalizers"), alive(app)


def _filled(thing: Any, values: Mapping[str, str]) -> Any:
    """A template with `{{.name}}` and the like filled in."""
    if isinstance(thing, str):
        for key, value in values.items():
            thing = thing.replace("{{." + key + "}}", value)
        return thing
    if isinstance(thing, Mapping):
        return {key: _filled(value, values) for key, value in thing.items()}
    return [_filled(one, values) for one in thing] if isinstance(thing, list) else thing


def _with(spec: Any, live: Any, path: list[str]) -> Any:
    """A spec with what stands live at a path, or without it where nothing does."""
    key, *rest = path
    out = dict(spec)
    if rest:
        out[key] = _with(out.get(key, {}), (live or {}).get(key, {}), rest)
    elif live is not None and key in live:
        out[key] = live[key]
    else:
        out.pop(key, None)
    return out
