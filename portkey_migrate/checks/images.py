"""What runs: the same bytes on both sides. A tag says what somebody once meant; a digest says what starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from portkey_migrate.checks import check
from portkey_migrate.checks.app import found_of, pods_of
from portkey_migrate.model import Answer, Ref, block, dig, ok, unknown, warn
from portkey_migrate.systems.at import At, ready

_MEGABYTE = 1_000_000


def digest(reference: str) -> str:
    """`sha256:…` of a reference or an imageID; "" where it names a tag alone."""
    _, at, found = reference.partition("@")
    return found if at else ""


def _templates(at: At, side: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each container that an app's members start there, as MEMBER/CONTAINER."""
    found = found_of(at)
    for member in found.members:
        one = at.get(Ref(side, member.kind, found.namespace, member.name)).object or {}
        spec = dig(one, "spec.template.spec") or {}
        for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
            yield f"{member.name}/{container['name']}", container


def _running(at: At) -> dict[str, str]:
    """Container name to the digest that runs on the source."""
    out: dict[str, str] = {}
    for pod in pods_of(at, "source"):
        if not ready(pod):
            continue
        for part in ("initContainerStatuses", "containerStatuses"):
            out.update({str(one["name"]): digest(str(one.get("imageID", ""))) for one in dig(pod, f"status.{part}") or []})
    return out


@check(situation="image-differs", when="moving", sources="domain B93, 3.6 no. 116; design §3 (handover)")
def images_are_equal(at: At) -> Answer:
    """What the target will start has a digest, and it is the one that runs on the source: the same program reads the same data both ways."""
    running, odd, fixes, same = _running(at), [], [], []
    for name, container in _templates(at, "target"):
        reference, runs = str(container.get("image", "")), running.get(str(container["name"]), "")
        wanted = f"{reference.partition('@')[0]}@{runs}"
        if not runs:
            return unknown(f"{name}: no ready Pod of the source says which image runs", value=reference, cluster="both")
        if digest(reference) == runs:
            same.append(runs)
            continue
        odd.append(f"{name} of the target is {'by tag alone' if not digest(reference) else digest(reference)[:19]}, {runs[:19]} runs on the source")
        fixes.append(f"commit: image: {wanted}")
    seen: dict[str, Any] = {"value": ", ".join(same) or "none", "threshold": ", ".join(sorted(set(running.values()))), "cluster": "both"}
    if not same and not odd:
        return block("the target has no workload of the app: the staged sync made none", cluster="target")
    if odd:
        return block("; ".join(odd), "; ".join(fixes), **seen)
    return ok(f"{len(same)} of {len(same)} images are the source's, by digest", **seen)


@check(
    guards=("quiesced",), methods=("handover",), blocks=False, situation="image-not-pulled", when="between", asked_of=("target",),
    sources="domain §2.0 (outage); lab.md 14b",
)  # fmt: skip
def image_is_on_the_target(at: At) -> Answer:
    """A node of the target holds the app's images already: else the first start pulls them inside the outage."""
    nodes = [one for one in at.list("target", "Node") if not one["spec"].get("unschedulable")]
    wanted = {digest(str(container.get("image", ""))): str(container.get("image", "")) for _, container in _templates(at, "target")}
    wanted.pop("", None)
    missing: dict[str, int] = {}
    for digest_, reference in wanted.items():
        if not any(digest_ in _held(node) for node in nodes):
            sizes = [size for node in at.list("source", "Node") if (size := _held(node).get(digest_))]
            missing[reference] = max(sizes, default=0)
    seen = {"value": len(wanted) - len(missing), "threshold": len(wanted), "cluster": "target"}
    if missing:
        size = sum(missing.values())
        many = f"{size / _MEGABYTE:.0f} MB" if size else "an unknown number of MB"
        return warn(
            f"on no node of the target: {', '.join(missing)}; the first start pulls {many} inside the outage",
            "pull it there before: a Pod of the same image with `sleep`, once on each node", **seen,
        )  # fmt: skip
    return ok(f"{len(wanted)} of {len(wanted)} images are on a node of the target", **seen)


def _held(node: Mapping[str, Any]) -> dict[str, int]:
    """Digest to bytes, of what a node says it has pulled."""
    images = dig(node, "status.images") or []
    return {digest(str(name)): int(one.get("sizeBytes") or 0) for one in images for name in one.get("names") or [] if digest(str(name))}
