"""What a run was worth, from the lab's ledger and intervals alone, never from what the tool says of itself (lab.md 21)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from portkey_migrate.lab import backed, data
from portkey_migrate.lab.argocd import NAMESPACE as ARGOCD
from portkey_migrate.lab.argocd import TRACKING
from portkey_migrate.lab.records import count
from portkey_migrate.lab.town import town

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

MADE_BY = "portkey-migrate.io/made-by"
#: Until here people are served by the source, from there on by the target.
_AT_THE_SOURCE = frozenset({"planned", "prepared", "quiesced", "transferred", "started"})
#: Everything that the tool makes in a cluster, to look through for what it left.
_KINDS = ("Namespace", "ResourceQuota", "Secret", "Service", "EndpointSlice", "Ingress", "Application", "Deployment", "ConfigMap")
_EPSILON = 1e-6


def verdict(world: World, request: Mapping[str, Any]) -> dict[str, Any]:
    """`{verdict: clean|not-clean, reasons, apps, double_effects, leftovers, world, seed}`.

    request: `apps`: `[{name, method, state, outage_budget_seconds?}]`; `stands`: {subject: state wanted}; `since`: time of the first
    command; `differences`: as `fingerprint.differences` gave them, where the run went back or was interrupted.
    """
    since = float(request.get("since") or world.started)
    reasons: list[str] = []
    blocked = bool(request.get("blocked"))
    apps = [_app(world, one, _first_write(world, one["name"]) if blocked else since, reasons) for one in request.get("apps", ())]
    wanted = {str(subject).rpartition("/")[2]: state for subject, state in (request.get("stands") or {}).items()}
    for app in apps:
        name = app["name"]
        if name in wanted and app["state"] != wanted[name]:
            reasons.append(f"{name} stands {app['state']}, asked for was {wanted[name]}")
        _stands(world, app, reasons)
        _backed(world, app, since, reasons)
    doubles = double_effects(world)
    reasons += [f"a recorded step changed the world twice: {one}" for one in doubles]
    reasons += [
        f"not allowed to differ: {one['object']} {one['field']}".rstrip() for one in request.get("differences") or () if not one["allowed_by"]
    ]
    left = leftovers(world)
    temporary = {app["name"] for app in apps if app["state"] in ("planned", "reclaimed")}
    reasons += [f"left behind: {one['object']}" for one in left if one["namespace"] in temporary]
    return {
        "verdict": "not-clean" if reasons else "clean",
        "reasons": reasons,
        "apps": apps,
        "double_effects": len(doubles),
        "leftovers": [one["object"] for one in left],
        "world": world.name,
        "seed": world.seed,
    }


def _first_write(world: World, app: str) -> float:
    """When we first changed something of an app; now, where we never did.

    What a cluster did to itself before that is not ours: `portkey-as-found` has two writers of its own making (lab.md 14b).
    """
    ours = (float(line["t"]) for line in world.store.ledger if line["token"] and line["changed"] and line["namespace"] == app)
    return next(ours, world.now)


def users(world: World) -> dict[str, Any]:
    """What people see at this instant: app → {serves, host, acknowledged}."""
    here = town(world).users
    return {
        name: {"serves": by, "host": here.apps[name].host, "acknowledged": here.acknowledged(name, world.started, world.now)}
        for name, by in here.now(world).items()
    }


def double_effects(world: World) -> list[str]:
    """Recorded steps whose calls changed one object more than once, whatever the number of their attempts."""
    seen: dict[tuple[str, ...], int] = {}
    for line in world.store.ledger:
        if line["token"] and line["changed"]:
            at = (line["token"].partition("#")[0], line["cluster"], line["kind"], line["namespace"], line["name"])
            seen[at] = seen.get(at, 0) + 1
    return [f"{step} on {'/'.join(part for part in at if part)} {times} times" for (step, *at), times in seen.items() if times > 1]


def leftovers(world: World) -> list[dict[str, str]]:
    """What carries our name: everything that a run made and has not taken away."""
    out = []
    for cluster in sorted(world.store.objects):
        for kind in _KINDS:
            for obj in world.store.list(cluster, kind):
                metadata = obj["metadata"]
                if MADE_BY in metadata.get("annotations", {}) or metadata["name"].startswith("pm-"):
                    where = metadata.get("namespace", "") or metadata["name"]
                    out.append({"object": f"{cluster}/{kind}/{where}/{metadata['name']}", "namespace": where})
    return out


def _app(world: World, one: Mapping[str, Any], since: float, reasons: list[str]) -> dict[str, Any]:
    name, people = one["name"], town(world).users
    known = name in people.apps
    outages = people.outages(name, since, world.now) if known else []
    answered = people.acknowledged(name, since, world.now) if known else {"source": 0, "target": 0}
    budget = float(one.get("outage_budget_seconds") or 0.0)
    down = sum((end - start for start, end in outages), 0.0)
    # A method without a state in which people are down promises none at all, whatever its budget would allow.
    limit = 0.0 if one.get("method") == "stateless" else budget
    if down > limit + _EPSILON:
        reasons.append(f"{name} was down {down:.1f} s (limit {limit:.0f} s)")
    lost, double = data.lost_writes(world, name, since), data.doubles(world, name, since)
    if lost:
        reasons.append(f"{name}: {lost} acknowledged writes are not in the image that serves")
    if sum(double) > _EPSILON:
        said = f"same image {double.same_image:.1f} s, split brain {double.split_brain:.1f} s"
        reasons.append(f"{name} had two writers for {sum(double):.1f} s ({said})")
    return {
        "name": name,
        "method": one.get("method", ""),
        "state": one.get("state", ""),
        "serves": people.who(world, name) if known else "none",
        "acknowledged": {"source": answered["source"], "target": answered["target"]},
        "lost_writes": lost,
        "double_writer_seconds": round(sum(double), 3),
        "outage_seconds": round(down, 3),
        "outage_budget_seconds": budget,
        "engine_outage_seconds": round(_engine(world, outages), 3),
        "waits": list(world.waits),
    }


def _engine(world: World, outages: list[tuple[float, float]]) -> float:
    """What of the outage was the tool's own: its computing in wall time, and the virtual time that it let pass by choice (lab.md 10)."""
    total = 0.0
    for at, kind, virtual, wall in world.engine_log:
        if any(start <= at < end for start, end in outages):
            total += wall if kind == "computed" else virtual
    return total


def _stands(world: World, app: Mapping[str, Any], reasons: list[str]) -> None:
    """Whether the clusters are as the state says: who serves, who runs, who is held."""
    name, state = app["name"], app["state"]
    wanted = "source" if state in _AT_THE_SOURCE else "target"
    if state and app["serves"] != wanted:
        reasons.append(f"{name} stands {state} and is served by {app['serves']}, not by the {wanted}")
    if not state:
        return
    source, target = _wants(world, "source", name), _wants(world, "target", name)
    if state in ("protected", "committed") and source:
        reasons.append(f"{name} stands {state} and the source still wants {source} Pods")
    if state == "prepared" and target:  # at planned the target is as it was found, whatever runs there
        reasons.append(f"{name} stands {state} and the target wants {target} Pods")
    automated = {side: _automated(world, side, name) for side in ("source", "target")}
    if state == "committed" and not automated["target"]:
        reasons.append(f"{name} is committed and the target's automation is off")
    if state in ("routed", "protected", "committed") and automated["source"]:
        reasons.append(f"{name} stands {state} and the source is not held")
    if state == "planned" and not automated["source"] and _application(world, "source", name) is not None:
        reasons.append(f"{name} is planned and the source's automation was not given back")


def _backed(world: World, app: dict[str, Any], since: float, reasons: list[str]) -> None:
    """Whether the backups that a state stands on hold what was there to be kept."""
    name, state = app["name"], app["state"]
    if state and state not in ("planned", "prepared", "reclaimed") and (missing := count(backed.unbacked(world, name, since))):
        reasons.append(f"{name} stands {state} and {missing} writes from before its backup was asked for are in no backup of the source")
    if state in ("protected", "committed") and (missing := count(backed.unprotected(world, name, since))):
        reasons.append(f"{name} stands {state} and {missing} writes that the source took are in no backup of the target")
    if foreign := backed.foreign(world, name):
        reasons.append(f"{name}: the source's repository holds {foreign} of the target's backups")


def _wants(world: World, side: str, name: str) -> int:
    """Pods that the app's own workloads ask for; somebody else's in its namespace are not its."""
    mine = (
        one for one in world.store.list(side, "Deployment", name) if one["metadata"].get("annotations", {}).get(TRACKING, "").startswith(f"{name}:")
    )
    return sum(int(one["spec"].get("replicas", 1)) for one in mine)


def _application(world: World, side: str, name: str) -> dict[str, Any] | None:
    return world.store.get(side, "Application", ARGOCD, name)


def _automated(world: World, side: str, name: str) -> bool:
    found = _application(world, side, name)
    automated = None if found is None else found["spec"].get("syncPolicy", {}).get("automated")
    return automated is not None and automated.get("enabled") is not False
