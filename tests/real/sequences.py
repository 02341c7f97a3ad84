"""Seeded random scripts: every verb and kind that the tool uses, valid and not, stale and fresh.

A script is a function of its seed alone; what depends on answers stands in it as words (see script.py). A few names and labels are used
over and over, so that requests meet each other: a POST finds its name taken, a DELETE its object gone, a PUT its version old.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tests.real.episodes import EPISODES
from tests.real.script import JSON_PATCH, MERGE, Script, Step
from tests.real.shapes import SHAPES, Shape

NAMES = ("a", "b", "c")
SELECTORS = (
    "tier=x",
    "tier!=x",
    "tier in (x,y)",
    "tier notin (x)",
    "!tier",
    "tier",
    "n>1",
    "n<2",
    "tier=x,n=1",
    "tier in (x",
    "=x",
    "a in b",
    "tier=x,",
    "x y",
)
FIELDS = ("metadata.name=a", "metadata.name!=a", "metadata.name=a,metadata.name=b", "spec.nowhere=1", "metadata.name")
LENGTH = 36

Maker = Callable[[random.Random, Shape, str], Step]


def script(seed: int) -> Script:
    """One random script."""
    rng = random.Random(seed)  # noqa: S311 - repeatable by its seed
    shapes = _theme(rng)
    steps: list[Step] = [Step("POST", "/api/v1/namespaces", {"metadata": {"name": "{ns}"}})]
    # A list of each kind first, so that every later word for a list's version has one to mean.
    steps += [
        Step("GET", shape.path + ("" if "{ns}" in shape.path else "?labelSelector=run={ns}")) for shape in {one.path: one for one in shapes}.values()
    ]
    told = rng.choice(EPISODES)(rng) if rng.random() < 0.5 else []
    begins = rng.randrange(len(steps), LENGTH - len(told))
    while len(steps) < LENGTH:
        if told and len(steps) >= begins:
            steps, told = [*steps, *told], []
        shape = rng.choice(shapes)
        maker = rng.choices([one for one, _ in _MAKERS], [weight for _, weight in _MAKERS])[0]
        steps.append(maker(rng, shape, shape.name(rng.choice(NAMES))))
    return Script(f"seed-{seed}", tuple(steps))


#: Kinds that mean something together: evictions need a budget and Pods, a fence needs Pods that want in, a claim its volume.
_TOGETHER = (("pods", "poddisruptionbudgets"), ("pods", "resourcequotas"), ("persistentvolumes", "persistentvolumeclaims", "pods"))


def _theme(rng: random.Random) -> list[Shape]:
    if rng.random() < 0.3:
        wanted = rng.choice(_TOGETHER)
        return [shape for shape in SHAPES if shape.resource in wanted]
    return rng.sample(SHAPES, 3)


def _version(rng: random.Random, shape: Shape, name: str) -> str | None:
    """None: no precondition; the newest; an older one; one that never was."""
    return rng.choice((None, None, f"<rv {shape.resource}/{name} 0>", f"<rv {shape.resource}/{name} 0>", f"<rv {shape.resource}/{name} 1>", "1"))


def _uid(rng: random.Random, shape: Shape, name: str) -> str:
    return rng.choice(
        (
            f"<uid {shape.resource}/{name} 0>",
            f"<uid {shape.resource}/{name} 0>",
            f"<uid {shape.resource}/{name} 1>",
            "00000000-0000-4000-8000-000000000001",
        )
    )


def _labelled(rng: random.Random, body: dict[str, Any]) -> dict[str, Any]:
    metadata = body["metadata"]
    labels = {"run": "{ns}"}
    if rng.random() < 0.6:
        labels["tier"] = rng.choice("xyz")
    if rng.random() < 0.4:
        labels["n"] = rng.choice("123")
    metadata["labels"] = labels
    if rng.random() < 0.12:
        metadata["finalizers"] = ["x.io/f"]
    if rng.random() < 0.2:
        metadata["annotations"] = {"note": rng.choice("pq")}
    return body


def _dry(rng: random.Random, path: str, share: float = 0.12) -> str:
    if rng.random() >= share:
        return path
    return path + ("&" if "?" in path else "?") + rng.choice(("dryRun=All", "dryRun=All", "dryRun=All", "dryRun=true"))


def _create(rng: random.Random, shape: Shape, name: str) -> Step:
    return Step("POST", _dry(rng, shape.path), _labelled(rng, shape.fresh(rng, name)))


def _create_broken(rng: random.Random, shape: Shape, name: str) -> Step:
    return Step("POST", _dry(rng, shape.path), rng.choice(shape.broken)(rng, shape.fresh(rng, name)))


def _create_elsewhere(rng: random.Random, shape: Shape, name: str) -> Step:
    """Into a Namespace that is not there, or with another one in the body, or with a name on the path."""
    body = shape.fresh(rng, name)
    which = rng.randrange(4)
    if which == 0 and "{ns}" in shape.path and shape.resource != "namespaces":
        return Step("POST", shape.path.replace("{ns}", "{ns}-none"), body)
    if which == 1 and "{ns}" in shape.path:
        body["metadata"]["namespace"] = "default"
        return Step("POST", shape.path, body)
    if which == 2 and "." not in shape.path:  # a custom resource's path takes a POST to a name for one to its list: nobody sends it
        return Step("POST", f"{shape.path}/{name}", body)
    return Step("POST", shape.path, "{" if rng.random() < 0.5 else "[]")


def _get(rng: random.Random, shape: Shape, name: str) -> Step:
    return Step("GET", f"{shape.path}/{rng.choice((name, name, name, 'none'))}")


def _get_wrong(rng: random.Random, shape: Shape, name: str) -> Step:
    return Step(*rng.choice((
        ("GET", f"{shape.path}/{name}/nonsense"),
        ("GET", "/apis/nobody.example/v1/things"),
        ("GET", "/apis/apps/v1/gizmos"),
        ("GET", "/apis/apps/v9/deployments"),
        ("GET", "/api/v1/namespaces/{ns}/gizmos"),
        ("GET", f"{shape.path}/{name}?resourceVersion=abc"),
        ("PUT", shape.path),
        ("PATCH", shape.path),
        ("GET", f"{shape.path}/{name}/scale"),
        ("GET", f"{shape.path}/{name}/status"),
        ("DELETE", f"{shape.path}/{name}/status"),
    )))  # fmt: skip


def _list(rng: random.Random, shape: Shape, name: str) -> Step:
    parts, token, listed = [], f"<token {shape.resource}", f"<list {shape.resource}"
    kind = rng.randrange(7)
    if kind in (0, 1, 5):
        parts.append(f"labelSelector=run={{ns}},{rng.choice(SELECTORS)}")
    if kind in (2, 5):
        parts.append(f"fieldSelector={rng.choice(FIELDS + shape.fields)}")
    if kind in (3, 5):
        parts.append(f"limit={rng.choice((1, 1, 2, 500))}")
    if kind == 4:
        parts.append(
            rng.choice(
                (
                    f"continue={token} 0>&limit=1",
                    f"continue={token} 0>&limit=2",
                    f"continue={token} 1>",
                    f"continue={token} 0>&resourceVersion=5",
                    "continue=garbage",
                )
            )
        )
    if kind == 6:
        parts.append(
            rng.choice(
                (
                    "resourceVersion=0",
                    f"resourceVersion={listed} 0>",
                    "resourceVersion=abc",
                    f"resourceVersion={listed} 0>&resourceVersionMatch=Exact",
                    "resourceVersionMatch=Exact",
                    "resourceVersion=0&limit=1",
                )
            )
        )
    if "{ns}" not in shape.path and not any(one.startswith("labelSelector") for one in parts):
        # What other runs have made at the cluster's scope is not this script's.
        if kind in (3, 4, 6):
            parts = []
        parts.append("labelSelector=run={ns}")
    if "{ns}" not in shape.path:
        parts = [one for one in parts if not one.startswith("limit")]
    return Step("GET", shape.path + ("?" + "&".join(parts) if parts else ""))


def _page(rng: random.Random, shape: Shape, name: str) -> Step:
    return Step("GET", f"{shape.path}?limit=1") if "{ns}" in shape.path else _get(rng, shape, name)


def _next_page(rng: random.Random, shape: Shape, name: str) -> Step:
    return Step("GET", f"{shape.path}?limit=1&continue=<token {shape.resource} 0>") if "{ns}" in shape.path else _get(rng, shape, name)


def _merge(rng: random.Random, shape: Shape, name: str) -> Step:
    change = rng.choice(shape.changes)(rng)
    metadata: dict[str, Any] = {}
    if (version := _version(rng, shape, name)) is not None:
        metadata["resourceVersion"] = version
    if rng.random() < 0.1:
        metadata["uid"] = _uid(rng, shape, name)
    if rng.random() < 0.3:
        metadata["labels"] = {rng.choice(("tier", "n", "new")): rng.choice(("x", "2", None))}
    if rng.random() < 0.2:
        metadata["annotations"] = {"note": rng.choice(("p", "q", None))}
    if rng.random() < 0.15:
        metadata["finalizers"] = rng.choice((None, [], ["x.io/f"], ["x.io/g"]))
    if metadata:
        change = {**change, "metadata": {**metadata, **change.get("metadata", {})}}
    return Step("PATCH", _dry(rng, f"{shape.path}/{name}"), change, MERGE)


def _merge_status(rng: random.Random, shape: Shape, name: str) -> Step:
    change: dict[str, Any] = rng.choice(shape.statuses or shape.changes)(rng)
    if (version := _version(rng, shape, name)) is not None:
        change = {**change, "metadata": {"resourceVersion": version}}
    return Step("PATCH", f"{shape.path}/{name}" + ("/status" if shape.statuses else ""), change, MERGE)


def _json_patch(rng: random.Random, shape: Shape, name: str) -> Step:
    steps = rng.choice((
        [{"op": "add", "path": "/metadata/annotations", "value": {"note": "j"}}],
        [{"op": "test", "path": "/metadata/labels/tier", "value": "x"}, {"op": "remove", "path": "/metadata/labels/tier"}],
        [{"op": "replace", "path": "/metadata/labels/n", "value": "9"}],
        [{"op": "remove", "path": "/metadata/finalizers"}],
        [{"op": "add", "path": "/metadata/labels/new", "value": "j"}],
    ))  # fmt: skip
    return Step("PATCH", f"{shape.path}/{name}", steps, JSON_PATCH)


def _patch_wrong(rng: random.Random, shape: Shape, name: str) -> Step:
    body, content = rng.choice(
        (({}, "application/json"), ("{", MERGE), ([], MERGE), ({}, JSON_PATCH), ("{", JSON_PATCH), ({"metadata": {"name": "other"}}, MERGE))
    )
    return Step("PATCH", f"{shape.path}/{name}", body, content)


def _put(rng: random.Random, shape: Shape, name: str) -> Step:
    body = _labelled(rng, shape.fresh(rng, name))
    if (version := _version(rng, shape, name)) is not None:
        body["metadata"]["resourceVersion"] = version
    if rng.random() < 0.1:
        body["metadata"]["uid"] = _uid(rng, shape, name)
    if rng.random() < 0.06:
        body["metadata"]["name"] = rng.choice(("other", ""))
    return Step("PUT", _dry(rng, f"{shape.path}/{name}"), body)


def _delete(rng: random.Random, shape: Shape, name: str) -> Step:
    options: dict[str, Any] = {}
    which = rng.randrange(8)
    if which == 0:
        options["preconditions"] = {"uid": _uid(rng, shape, name)}
    if which == 1:
        options["preconditions"] = {"resourceVersion": _version(rng, shape, name) or "1"}
    if which == 2:
        options["gracePeriodSeconds"] = rng.choice((0, 1, 60))
    if which == 3:
        options["propagationPolicy"] = rng.choice(("Background", "Sideways"))
    if which == 4:
        options["dryRun"] = ["All"]
    return Step("DELETE", _dry(rng, f"{shape.path}/{name}", 0.06), options or None)


def _delete_all(rng: random.Random, shape: Shape, name: str) -> Step:
    if shape.resource in ("namespaces", "services"):
        return _get(rng, shape, name)
    return Step("DELETE", f"{shape.path}?labelSelector=run={{ns}},{rng.choice(SELECTORS[:9])}")


def _subresource(rng: random.Random, shape: Shape, name: str) -> Step:
    if not shape.special:
        return _merge_status(rng, shape, name)
    return rng.choice(shape.special)(rng, shape, name)


def _watch(rng: random.Random, shape: Shape, name: str) -> Step:
    mine = f"{shape.resource}/{name}"
    since = rng.choice((f"<list {shape.resource} 0>", f"<list {shape.resource} 0>", f"<rv {mine} 0>", f"<rv {mine} 1>", "abc", "1"))
    parts = [f"resourceVersion={since}"]
    if rng.random() < 0.4 or "{ns}" not in shape.path:
        parts.append(f"labelSelector=run={{ns}}{rng.choice(('', ',tier=x', ',tier'))}")
    elif rng.random() < 0.3:
        parts.append(f"fieldSelector=metadata.name={name}")
    return Step("WATCH", f"{shape.path}?" + "&".join(parts))


_MAKERS: tuple[tuple[Maker, int], ...] = (
    (_create, 22), (_create_broken, 6), (_create_elsewhere, 2), (_get, 7), (_get_wrong, 3), (_list, 9), (_page, 3), (_next_page, 3),
    (_merge, 16), (_merge_status, 5), (_json_patch, 3), (_patch_wrong, 1), (_put, 9), (_delete, 11), (_delete_all, 1), (_subresource, 12),
    (_watch, 4),
)  # fmt: skip
