"""Each check of an app with data answers ok where all is well, and refuses where its one thing is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from portkey_migrate.checks import by_id, guards_of, registry
from portkey_migrate.model import Answer, Change, Ref
from portkey_migrate.ports import Reply

from .conftest import KEY, NAME, Town, attachment, backup, lease, pod, thing

Break = Callable[[Town], Any]
HERE = ("quiet", "storage", "backups", "images", "secrets")
IDS = sorted(id_ for id_, one in registry().items() if one.ask.__module__.rpartition(".")[2] in HERE)
LATER = "2026-01-10T13:30:05.000000Z"


def _restic(**spec: Any) -> Break:
    return lambda t: t.source.of("ReplicationSource")["spec"]["restic"].update(spec)


def _status(side: str, **status: Any) -> Break:
    return lambda t: getattr(t, side).of("ReplicationSource")["status"].update(status)


def _logs(side: str, logs: str, result: str = "Successful") -> Break:
    return _status(side, latestMoverStatus={"result": result, "logs": logs})


def _image(reference: str) -> Break:
    return lambda t: t.target.of("Deployment")["spec"]["template"]["spec"]["containers"][0].update(image=reference)


def _puts(side: str, *things: dict[str, Any]) -> Break:
    return lambda t: getattr(t, side).put(*things)


def _drops(side: str, kind: str, name: str = NAME, namespace: str = NAME) -> Break:
    return lambda t: getattr(t, side).drop(kind, name, namespace)


def _loose(side: str) -> Break:
    return lambda t: getattr(t, side).of("PersistentVolume", "pvc-1", "")["spec"].update(persistentVolumeReclaimPolicy="Delete")


def _watched(*addresses: str) -> Break:
    return lambda t: setattr(t.ceph, "watchers", list(addresses))


def _wanted(side: str) -> Break:
    return lambda t: getattr(t, side).of("Deployment")["spec"].update(replicas=1)


def _other_pool(t: Town) -> None:
    t.target.of("StorageClass", "ceph-block", "")["parameters"]["pool"] = "another"


def _other_monitors(t: Town) -> None:
    t.target.of("ConfigMap", "rook-ceph-mon-endpoints", "rook-ceph")["data"]["data"] = "a=10.0.0.9:6789"


def _same_repository(t: Town) -> None:
    t.target.of("Secret", "vaultwarden-volsync")["data"]["RESTIC_REPOSITORY"] = "hmac:mine"


def _second_source(t: Town) -> None:
    t.source.put({**backup()[0], "metadata": {**backup()[0]["metadata"], "name": "another"}})


def _double(t: Town) -> None:
    t.target.put({**t.source.of("PersistentVolume", "pvc-1", ""), "metadata": {"name": "static-1", "uid": "x"}})


def _unrenewed(side: str) -> Break:
    def stand_still(t: Town) -> None:
        for one in ("metal0", "metal1", "metal2"):
            if ("Lease", "kube-node-lease", one) in getattr(t, side).objects:
                t.mind[f"leases:{side}"] = dict.fromkeys(("metal0", "metal1", "metal2"), LATER)

    return stand_still


def _ending(t: Town) -> None:
    t.source.put(thing("Pod", "vaultwarden-2", meta={"labels": {"app": NAME}, "deletionTimestamp": LATER}, spec={"nodeName": "metal0"}))


def _dead(t: Town) -> None:
    t.source.drop("Pod", "vaultwarden-1")
    t.source.put(pod("vaultwarden-1", "metal0", ready=False))


BREAKS: list[tuple[str, Break]] = [
    ("answers-503", lambda t: setattr(t, "page", Reply(200, {}, b"", "cert"))),
    ("backup-is-fresh", _status("source", lastSyncTime="2026-01-09T06:30:00Z")),
    ("backup-is-fresh", _status("source", lastSyncTime=None)),
    ("backup-is-fresh", _drops("source", "ReplicationSource")),
    ("backup-is-real", _logs("source", "Directory is empty")),
    ("backup-is-real", _logs("source", "")),
    ("backup-is-real", _logs("source", "snapshot b70d967d saved", "Failed")),
    ("backup-is-real", _logs("source", "created restic repository 1a2b at /repository\nsnapshot b70d967d saved")),
    ("backup-keeps-three", _restic(retain=None)),
    ("backup-keeps-three", _restic(retain={"last": "2"})),
    ("claim-is-bound", lambda t: t.source.of("PersistentVolumeClaim")["status"].update(phase="Lost")),
    ("claim-is-bound", lambda t: t.source.of("PersistentVolume", "pvc-1", "")["spec"]["claimRef"].update(uid="another")),
    ("claim-name-is-free", lambda t: t.target.of("PersistentVolumeClaim")["spec"].update(volumeName="pvc-9")),
    ("claim-name-is-free", lambda t: t.target.of("PersistentVolumeClaim")["metadata"].pop("annotations")),
    ("claim-name-is-free", lambda t: t.target.of("PersistentVolume", "pvc-1", "")["metadata"].pop("annotations")),
    ("csi-secrets-are-there", _drops("target", "Secret", "rook-csi-rbd-node", "rook-ceph")),
    ("image-has-no-watcher", _watched("192.168.0.11:0/4711")),
    ("image-is-on-the-target", lambda t: t.target.of("Node", "metal2", "")["status"].update(images=[])),
    ("images-are-equal", _image("ghcr.io/dani-garcia/vaultwarden:1.34.3")),
    ("images-are-equal", _image("ghcr.io/dani-garcia/vaultwarden:1.35.0@sha256:" + "0" * 64)),
    ("images-are-equal", _drops("target", "Deployment")),
    ("images-are-equal", _dead),
    ("node-answered", _unrenewed("source")),
    ("node-answered", _puts("source", pod("vaultwarden-9", "metal0"))),
    ("nothing-else-mounts-the-volume", _puts("source", pod("a-look", "metal1", mine=False))),
    ("nothing-else-mounts-the-volume", _double),
    ("one-watcher", _watched()),
    ("one-watcher", _watched("192.168.0.13:0/1", "192.168.0.2:0/2")),
    ("one-watcher", _watched("192.168.0.2:0/2")),
    ("restic-has-one-writer", _second_source),
    ("restic-has-one-writer", lambda t: t.source.of("Secret", "vaultwarden-volsync")["data"].clear()),
    ("same-ceph", _other_pool),
    ("same-ceph", _other_monitors),
    ("same-ceph", _drops("target", "StorageClass", "ceph-block", "")),
    ("secret-generator-is-quiet", _puts("target", thing("Job", "secret-generator-1", "global-secrets", status={"active": 1}))),
    ("source-has-the-one-watcher", _watched("192.168.0.12:0/1")),
    ("source-is-quiet", _puts("source", pod("vaultwarden-9", "metal0"))),
    ("source-is-quiet", _puts("source", pod("a-look", "metal1", mine=False))),
    ("source-is-quiet", _puts("source", attachment("metal0"))),
    ("source-is-quiet", _wanted("source")),
    ("source-pods-have-ended", _ending),
    ("target-backup-is-real", _logs("target", "Directory is empty")),
    ("target-backup-is-real", _drops("target", "ReplicationSource")),
    ("target-is-quiet", _puts("target", pod("vaultwarden-9", "metal2"))),
    ("target-is-quiet", _wanted("target")),
    ("target-node-answered", _unrenewed("target")),
    ("target-repository-is-its-own", _same_repository),
    ("target-repository-is-its-own", _drops("target", "Secret", "vaultwarden-volsync")),
    ("volsync-is-idle", _status("source", lastSyncStartTime="2026-01-10T13:29:00Z")),
    ("volsync-is-idle", _status("source", conditions=[{"type": "Synchronizing", "reason": "CleaningUp"}])),
    ("volume-is-retained", _loose("source")),
    ("volume-is-retained", _loose("target")),
    ("writer-is-known", _watched()),
    ("writer-is-known", _watched("192.168.0.11:0/1", "192.168.0.12:0/2")),
]


def well(town: Town, id_: str) -> Town:
    """The moment at which this check is asked: those of the outage look at another one than the rest."""
    if id_ in ("source-is-quiet", "image-has-no-watcher", "node-answered"):
        town.stopped()
    if id_ == "node-answered":
        town.mind["leases:source"] = {"metal0": "2026-01-10T13:29:55.000000Z"}
        town.source.put(lease("metal0", LATER), lease("metal1", LATER))
    if id_ == "target-node-answered":
        town.mind["leases:target"] = {"metal2": "2026-01-10T13:29:55.000000Z"}
        town.target.put(lease("metal2", LATER))
    if id_ == "one-watcher":
        town.target.put(pod("vaultwarden-t", "metal2"))
        town.ceph.watchers = ["192.168.0.13:0/1"]
    if id_ == "target-backup-is-real":
        source = backup()[0]
        source["status"]["latestMoverStatus"]["logs"] = "created restic repository 1a2b at /repository/vaultwarden-talos\nsnapshot 2d6f570e saved"
        town.target.put(source)
    return town


@pytest.mark.parametrize("id_", IDS)
def test_it_answers_ok_where_all_is_well(town: Town, id_: str) -> None:
    """With a sentence for a person, and value, threshold and cluster as data."""
    answer = by_id(id_).ask(well(town, id_).look())
    assert (answer.verdict, answer.fix) == ("ok", "") or (id_ == "backup-is-real" and answer.verdict == "ok")
    assert answer.why
    assert answer.values["cluster"] in ("source", "target", "both", "ceph")


@pytest.mark.parametrize(("id_", "breaks"), BREAKS, ids=[f"{id_}-{n}" for n, (id_, _) in enumerate(BREAKS)])
def test_it_refuses_where_its_one_thing_is_not(town: Town, id_: str, breaks: Break) -> None:
    """Not ok, and a person reads what was observed."""
    breaks(well(town, id_))
    answer = by_id(id_).ask(town.look())
    assert answer.verdict != "ok"
    assert answer.verdict == "warn" or by_id(id_).blocks
    assert answer.why
    assert not answer.why.endswith(".")


def test_every_check_is_broken_at_least_once() -> None:
    """A check that nothing can make refuse is a decoration."""
    assert {id_ for id_, _ in BREAKS} == set(IDS)


@pytest.mark.parametrize("state", ["transferred", "started", "routed"])
def test_no_guard_is_asked_inside_the_outage(state: str) -> None:
    """What matters there stands in the recipe, at its place; a guard would cost seconds of it."""
    assert guards_of(state, "handover") == []


def test_a_tag_alone_blocks_with_the_line_to_commit(town: Town) -> None:
    """The digest that runs on the source, ready to be pasted."""
    _image("ghcr.io/dani-garcia/vaultwarden:1.34.3")(town)
    answer = by_id("images-are-equal").ask(town.look())
    digest = town.source.of("Pod", "vaultwarden-1")["status"]["containerStatuses"][0]["imageID"].partition("@")[2]
    assert answer.fix == f"commit: image: ghcr.io/dani-garcia/vaultwarden:1.34.3@{digest}"


def test_an_image_that_has_to_be_pulled_says_how_big_it_is(town: Town) -> None:
    """It is a warning: the outage gets longer, nothing is lost."""
    town.target.of("Node", "metal2", "")["status"]["images"] = []
    answer = by_id("image-is-on-the-target").ask(town.look())
    assert answer.verdict == "warn"
    assert "pulls 96 MB inside the outage" in answer.why


def test_an_app_without_a_backup_is_warned_of_and_not_refused(town: Town) -> None:
    """The documents know such apps; the restore point is what they have."""
    at = town.look()
    at.found = replace(at.found, backup="") if at.found else None
    assert by_id("backup-is-fresh").ask(at).verdict == "warn"


def test_a_safety_backup_that_has_not_ended_is_waited_for(town: Town) -> None:
    """The newest status is another backup's until our tag is in it."""
    town.begun[f"safety-backup:source/{NAME}"] = Change(Ref("source", "ReplicationSource", NAME, NAME), {}, {"spec.trigger.manual": f"{KEY}-backup"})
    town.source.of("ReplicationSource")["spec"]["trigger"]["manual"] = f"{KEY}-backup"
    assert by_id("backup-is-real").ask(town.look()).verdict == "not-yet"


def test_the_writers_address_is_recorded_while_it_can_be_seen(town: Town) -> None:
    """A frozen writer shows no watcher and writes on when it thaws."""
    answer: Answer = by_id("writer-is-known").ask(town.look())
    assert answer.values["addresses"] == {"csi-vol-1": "192.168.0.11:0/4711"}
    assert answer.values["nodes"] == ["metal0"]


def test_a_sync_that_we_asked_for_ourselves_is_no_foreign_one(town: Town) -> None:
    """A request whose reply was lost has landed, its sync runs, and the same command goes on (late twins found it)."""
    source = town.source.of("ReplicationSource")
    source["spec"]["trigger"]["manual"] = f"{KEY}-backup"
    source["status"]["lastSyncStartTime"] = "2026-01-10T13:29:00Z"
    assert by_id("volsync-is-idle").ask(town.look()).verdict == "ok"
