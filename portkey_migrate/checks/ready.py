"""What has to be committed before anything moves: the looks of the first phase. What is missing is answered with the lines to commit.

None of them is about one app: each looks at a whole cluster, and says what is wrong there to somebody who never migrates, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from portkey_migrate.checks import check
from portkey_migrate.checks.images import digest
from portkey_migrate.model import Answer, Plan, block, dig, ok, unknown, warn
from portkey_migrate.systems.at import At

SEEN = ("seen",)  # asked by a task, and no app's guard
ARGOCD = "argocd"
SIDES = ("source", "target")
_TOLERATED = frozenset({"/spec/syncPolicy", "/spec/syncPolicy/automated"})
_KEPT = ("last", "hourly", "daily", "weekly", "monthly", "yearly")
_KEEPS = 3
_OPTIONS = "argocd.argoproj.io/sync-options"
_TRACKED = "argocd.argoproj.io/tracking-id"
#: Generators that make an Application of whatever somebody adds.
_OPEN = frozenset({"git", "scmProvider", "pullRequest", "clusters", "plugin", "clusterDecisionResource"})
_MOVES = frozenset({"", "HEAD", "main", "master"})


def _apps(plan: Plan, but: str = "") -> frozenset[str]:
    """The names that an Application or a workload of the plan's apps can have, those of one method left out."""
    return frozenset(name for app in plan.apps.values() if app.method != but for name in (app.name, *app.members))


def _named(one: Mapping[str, Any]) -> str:
    return str(one["metadata"]["name"])


def _lines(*parts: Iterable[str]) -> str:
    return "\n".join(line for part in parts for line in part)


# ---- ApplicationSets ----


@check(methods=SEEN, situation="hold-not-tolerated", sources="domain 3.2 no. 12, B20, B21; real/ A2")
def applicationsets_tolerate_a_hold(at: At) -> Answer:
    """Every ApplicationSet, on either side, leaves the sync policy of its Applications alone: else what was stopped starts within a second."""
    all_, deaf = 0, []
    for side in SIDES:
        for one in at.list(side, "ApplicationSet", ARGOCD):
            all_ += 1
            ignored = [part for part in dig(one, "spec.ignoreApplicationDifferences") or [] if not part.get("name")]
            pointers = {pointer for part in ignored for pointer in part.get("jsonPointers") or []}
            if not pointers & _TOLERATED and dig(one, "spec.syncPolicy.applicationsSync") != "create-only":
                deaf.append((side, _named(one)))
    seen = {"value": len(deaf), "threshold": 0, "cluster": "both"}
    if deaf:
        fix = _lines(*(
            (f"# {side}: ApplicationSet {name}", "spec:", "  ignoreApplicationDifferences:", "    - jsonPointers: [/spec/syncPolicy]")
            for side, name in deaf
        ))  # fmt: skip
        return block(f"a hold is taken back at once by {', '.join(f'ApplicationSet {name} ({side})' for side, name in deaf)}", fix, **seen)
    return ok(f"{all_} of {all_} ApplicationSets tolerate it", **seen)


@check(methods=SEEN, situation="source-not-frozen", sources="domain B23, 3.2 no. 17")
def source_is_frozen(at: At) -> Answer:
    """What the source follows is a revision that no commit for the target moves: else that commit reaches K3s, with prune."""
    theirs = {(repo, revision) for _, repo, revision in _followed(at, "target")}
    mine = list(_followed(at, "source"))
    loose = [(what, revision) for what, repo, revision in mine if (repo, revision) in theirs or revision in _MOVES or "*" in revision]
    seen: dict[str, Any] = {"value": sorted({revision for _, revision in loose}), "threshold": "a revision of the source's own", "cluster": "both"}
    if loose:
        now = min(revision or "HEAD" for _, revision in loose)
        sets = sorted({what for what, _ in loose if what.startswith("ApplicationSet")}) or sorted({what for what, _ in loose})
        fix = _lines(
            [f"git tag k3s-frozen {now} && git push origin k3s-frozen"],
            *(_frozen(what) for what in sets),
        )
        moving = ", ".join(revision or "HEAD" for revision in seen["value"])
        return block(f"{_count(loose)} of the source follow {moving}, which moves with the target", fix, **seen)
    if not mine:
        return warn("no Application on the source follows Git", cluster="source")
    return ok(f"the source follows {', '.join(sorted({revision for *_, revision in mine}))}", **seen)


def _followed(at: At, side: str) -> Iterator[tuple[str, str, str]]:
    """Who follows which repository at which revision. A chart's version is no branch."""
    for one in at.list(side, "Application", ARGOCD):
        sources = [*(dig(one, "spec.sources") or []), *([dig(one, "spec.source")] if dig(one, "spec.source") else [])]
        for source in sources:
            if not source.get("chart"):
                yield f"Application {_named(one)}", str(source.get("repoURL", "")), str(source.get("targetRevision") or "")
    for one in at.list(side, "ApplicationSet", ARGOCD):
        for kind, generator in _generators(dig(one, "spec.generators") or []):
            if kind == "git":
                yield f"ApplicationSet {_named(one)}", str(generator.get("repoURL", "")), str(generator.get("revision") or "")


def _generators(generators: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every generator with its kind, those inside a matrix or a merge too."""
    for one in generators:
        for kind, of in one.items():
            if kind in ("matrix", "merge"):
                yield from _generators(of.get("generators") or [])
            elif isinstance(of, Mapping):
                yield kind, of


def _frozen(what: str) -> tuple[str, ...]:
    head = f"# source: {what}"
    if what.startswith("ApplicationSet"):
        return head, "spec:", "  generators: [{git: {revision: k3s-frozen}}]", "  template: {spec: {source: {targetRevision: k3s-frozen}}}"
    return head, "spec: {source: {targetRevision: k3s-frozen}}"


def _count(loose: list[tuple[str, str]]) -> str:
    apps = len({what for what, _ in loose if what.startswith("Application ")})
    sets = len({what for what, _ in loose if what.startswith("ApplicationSet ")})
    counted = ((apps, "Application"), (sets, "ApplicationSet"))
    return " and ".join(f"{number} {word}{'s' if number != 1 else ''}" for number, word in counted if number)


@check(methods=SEEN, situation="target-follows-everything", asked_of=("target",), sources="domain B22, 3.2 no. 14 and 18, §2.0 (Argo levers)")
def target_follows_an_allow_list(at: At) -> Answer:
    """On the target only what a list names has an Application, and no app of the plan is automated there: else all start at once."""
    if at.plan is None:
        return unknown("the plan's apps are not known here", cluster="target")
    apps, wide, fixes = _apps(at.plan), [], []
    theirs = {_named(one): one for one in at.list("target", "Application", ARGOCD)}
    for one in at.list("target", "ApplicationSet", ARGOCD):
        name, open_ = _named(one), sorted({kind for kind, _ in _generators(dig(one, "spec.generators") or []) if kind in _OPEN})
        automated = dig(one, "spec.template.spec.syncPolicy.automated") is not None
        if not (open_ or automated) or not (apps & _made_by(at, name, theirs)):
            continue  # what makes no app of the plan may do as it likes: the target's own platform is automated, and should be
        does = [*(f"takes whatever {kind} shows" for kind in open_), *(["automates it"] if automated else [])]
        wide.append(f"ApplicationSet {name} {' and '.join(does)}")
        fixes += [f"# target: ApplicationSet {name}", "spec:"]
        fixes += ["  generators:", "    - list: {elements: []} # {name: NAME, path: PATH} of each app that is to move"] if open_ else []
        fixes += ["  template: {spec: {syncPolicy: {automated: null}}}"] if automated else []
    seen = {"value": len(wide), "threshold": 0, "cluster": "target"}
    if wide:
        return block("; ".join(wide), "\n".join(fixes), **seen)
    loose = sorted(name for name, one in theirs.items() if name in apps and _automated(one))
    if loose:
        return block(f"automated on the target: {', '.join(loose)}", _lines(f"argocd app set {name} --sync-policy none" for name in loose), **seen)
    return ok(f"{len(theirs)} Applications, none of the plan's is automated", **seen)


def _made_by(at: At, set_: str, theirs: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
    """The Applications that an ApplicationSet made or, on the side where it has run for longer, has always made."""
    both = [*theirs.values(), *at.list("source", "Application", ARGOCD)]
    mine = ("ApplicationSet", set_)
    return frozenset(_named(one) for one in both if any((own["kind"], own["name"]) == mine for own in one["metadata"].get("ownerReferences") or []))


def _automated(application: Mapping[str, Any]) -> bool:
    automated = dig(application, "spec.syncPolicy.automated")
    return automated is not None and not (isinstance(automated, Mapping) and automated.get("enabled") is False)


# ---- backups and volumes ----


@check(methods=SEEN, situation="retain-missing", asked_of=("source",), sources="domain 3.3 no. 29, B05")
def retain_is_rendered(at: At) -> Answer:
    """Every backup of the source keeps at least three: without `retain` restic keeps one, and one empty run drops all history."""
    sources = [one for one in at.list("source", "ReplicationSource") if dig(one, "spec.restic") is not None]
    few = [one for one in sources if sum(int(dig(one, f"spec.restic.retain.{key}") or 0) for key in _KEPT) < _KEEPS]
    seen = {"value": len(few), "threshold": 0, "cluster": "source"}
    if few:
        names = [f"{one['metadata']['namespace']}/{_named(one)}" for one in few]
        fix = _lines(*((f"# source: ReplicationSource {name}", "spec:", '  restic: {retain: {last: "3", daily: 7, weekly: 4}}') for name in names))
        return block(f"the last one alone is kept of {', '.join(names)}", fix, **seen)
    if not sources:
        return warn("nothing on the source is backed up by VolSync", cluster="source")
    return ok(f"{len(sources)} of {len(sources)} keep three or more", **seen)


@check(methods=SEEN, situation="claim-prunable", sources="domain B24, B40, 3.4 no. 45")
def claims_are_never_pruned(at: At) -> Answer:
    """No claim goes with its Application: each that Argo CD made says Prune=false and Delete=false."""
    made, bare = 0, []
    for side in SIDES:
        rendered = {
            (str(part.get("namespace", "")), str(part["name"]))
            for one in at.list(side, "Application", ARGOCD)
            for part in dig(one, "status.resources") or []
            if part["kind"] == "PersistentVolumeClaim"
        }
        for one in at.list(side, "PersistentVolumeClaim"):
            meta = one["metadata"]
            notes = meta.get("annotations") or {}
            if (meta["namespace"], meta["name"]) not in rendered and _TRACKED not in notes:
                continue
            made += 1
            options = {option.strip() for option in str(notes.get(_OPTIONS, "")).split(",")}
            if not {"Prune=false", "Delete=false"} <= options:
                bare.append((side, f"{meta['namespace']}/{meta['name']}"))
    seen = {"value": len(bare), "threshold": 0, "cluster": "both"}
    if bare:
        said = f"  annotations: {{{_OPTIONS}: 'Prune=false,Delete=false'}}"
        fix = _lines(*((f"# {side}: PersistentVolumeClaim {name}", "metadata:", said) for side, name in bare))
        return block(f"a deleted Application takes the volume along: {', '.join(f'{name} ({side})' for side, name in bare)}", fix, **seen)
    return ok(f"{made} of {made} claims stay", **seen)


# ---- images ----


@check(methods=SEEN, situation="image-by-tag", asked_of=("source",), sources="domain B93, 3.6 no. 116")
def images_are_by_digest(at: At) -> Answer:
    """Every image of the plan's apps is named by its digest: a tag may mean another version on the day when the target starts it."""
    if at.plan is None:
        return unknown("the plan's apps are not known here", cluster="source")
    # What only one cluster runs at a time keeps no data of an app: its version may differ.
    apps, all_, loose, runs = _apps(at.plan, but="singleton"), 0, [], _running(at)
    for kind in ("Deployment", "StatefulSet"):
        for one in at.list("source", kind):
            namespace, name = one["metadata"]["namespace"], _named(one)
            if name not in apps:
                continue
            spec = dig(one, "spec.template.spec") or {}
            for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
                all_ += 1
                image = str(container.get("image", ""))
                if not digest(image):
                    loose.append((f"{kind} {namespace}/{name}, {container['name']}", image, runs.get((namespace, image), "")))
    seen = {"value": len(loose), "threshold": 0, "cluster": "source"}
    if loose:
        fix = _lines(*((f"# source and target: {where}", f"image: {image}@{runs or 'sha256:DIGEST'}") for where, image, runs in loose))
        return block(f"by tag alone: {', '.join(image for _, image, _ in loose)}", fix, **seen)
    return ok(f"{all_} of {all_} by digest", **seen)


def _running(at: At) -> dict[tuple[str, str], str]:
    """Namespace and image, as a Pod's spec names it, to the digest that runs: what it means today."""
    out: dict[tuple[str, str], str] = {}
    for pod in at.list("source", "Pod"):
        named = {str(one["name"]): str(one.get("image", "")) for part in ("initContainers", "containers") for one in pod["spec"].get(part) or []}
        for part in ("initContainerStatuses", "containerStatuses"):
            for one in dig(pod, f"status.{part}") or []:
                found = digest(str(one.get("imageID", "")))
                if found:
                    out[pod["metadata"]["namespace"], named.get(str(one["name"]), "")] = found
    return out
