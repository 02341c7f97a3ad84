"""Ceph's two commands and their exit codes, VolSync's words, cron's five fields, and what is found of an app's volumes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from portkey_migrate.checks.schedules import interval
from portkey_migrate.errors import Blocked, Conflict, NoReply, SendRefused, Unreachable
from portkey_migrate.model import App, Change, Ref, Seen
from portkey_migrate.ports import Ran
from portkey_migrate.systems.ceph import Ceph
from portkey_migrate.systems.found import find
from portkey_migrate.systems.volsync import saved, seconds

from .conftest import APP, NAME, VOLUME, Town, backup, thing

SNAPSHOT = Change(Ref("ceph", "Snapshot", "ceph-blockpool", "csi-vol-1@pm-1a2b-3-t0"), None, {"name": "pm-1a2b-3-t0"})
ENTRY = Change(Ref("ceph", "Blocklist", "", "192.168.0.11:0/4711"), None, {"address": "192.168.0.11:0/4711"})


@dataclass
class Shell:
    """Answers of one command after another."""

    answers: list[Ran]
    typed: list[list[str]] = field(default_factory=list)

    def __call__(self, argv: Sequence[str], timeout: float, stdin: str = "") -> Ran:
        assert timeout > 35, "below the 30 s that a command waits for a dead client's lock (real/ceph.md §6)"
        self.typed.append([*argv, *([stdin] if stdin else [])])
        return self.answers.pop(0)


def _ceph(*answers: Ran) -> tuple[Ceph, Shell]:
    shell = Shell(list(answers))
    return Ceph(shell, ("ssh", "shire", "rbd"), ("ceph",)), shell


def test_a_snapshot_is_made_by_the_configured_argv() -> None:
    """With the time-out that a dead monitor needs to be seen as dead."""
    ceph, shell = _ceph(Ran(0, "", ""))
    ceph.send(SNAPSHOT, Seen(None), "1.1#1")
    assert shell.typed == [["ssh", "shire", "rbd", "--client-mount-timeout", "5", "snap", "create", "ceph-blockpool/csi-vol-1@pm-1a2b-3-t0"]]


@pytest.mark.parametrize(("code", "error"), [(17, Conflict), (110, NoReply), (124, NoReply), (1, SendRefused), (13, SendRefused)])
def test_an_exit_code_is_read_as_the_errno_that_it_is(code: int, error: type[Exception]) -> None:
    """17 is ours or somebody's: look; 110 and a killed command may have landed; the rest is a refusal."""
    ceph, _ = _ceph(Ran(code, "", "2026 -1 librbd: noise\nrbd: failed to create snapshot\n"))
    with pytest.raises(error):
        ceph.send(SNAPSHOT, Seen(None), "1.1#1")


def test_a_listed_snapshot_stands_as_wanted() -> None:
    """Booleans are strings; the name is what counts."""
    ceph, _ = _ceph(Ran(0, '[{"id":4,"name":"pm-1a2b-3-t0","size":1,"protected":"false","timestamp":"x"}]', ""))
    assert SNAPSHOT.stands(ceph.read(SNAPSHOT.ref)) == "after"


def test_a_failing_look_is_no_empty_one() -> None:
    """`rbd diff` prints [] when it fails, and so may others."""
    ceph, _ = _ceph(Ran(2, "[]", "rbd: error opening image"))
    with pytest.raises(Unreachable, match="error opening image"):
        ceph.read(SNAPSHOT.ref)


def test_the_blocklist_prints_a_document_and_a_half() -> None:
    """The JSON is followed by `[]` (real/ceph.md §2)."""
    ceph, _ = _ceph(Ran(0, '\n[{"addr":"192.168.0.11:0/4711","until":"2026-01-17T13:30:00Z"}][]', ""))
    assert ENTRY.stands(ceph.read(ENTRY.ref)) == "after"


def test_an_entry_of_nobody_is_not_looked_for() -> None:
    """It stands for a node that answered: no call inside the outage."""
    ceph, shell = _ceph()
    assert ceph.read(Ref("ceph", "Blocklist", "", "nobody")).object is None
    assert shell.typed == []


def test_what_a_person_types_is_what_we_send() -> None:
    """Both ways, and the look after it."""
    ceph, _ = _ceph()
    assert ceph.by_hand(ENTRY.undone) == [
        ["ceph", "--connect-timeout", "5", "osd", "blocklist", "rm", "192.168.0.11:0/4711"],
        ["ceph", "osd", "blocklist", "ls"],
    ]


def test_whether_an_entry_may_be_taken_away_is_tried_on_nobody() -> None:
    """`profile rbd` may add and not remove (real/README.md §4.16)."""
    ceph, shell = _ceph(Ran(13, "", "Error EACCES: access denied"))
    assert ceph.ask("may-unlist") == {"allowed": False, "reason": "Error EACCES: access denied"}
    assert shell.typed[0][-1].startswith("192.0.2.")


@pytest.mark.parametrize(
    ("schedule", "hours"), [("0 */6 * * *", 6), ("30 3 * * *", 24), ("@daily", 24), ("15 2 * * 0", 168), ("*/15 * * * *", 0.25), ("0 2,14 * * *", 12)]
)
def test_a_schedules_interval_is_the_longest_of_its_last_gaps(schedule: str, hours: float) -> None:
    """What freshness is measured against."""
    assert interval(schedule, datetime(2026, 1, 10, 13, 30, tzinfo=UTC)) == timedelta(hours=hours)


@pytest.mark.parametrize("schedule", ["", "every day", "61 * * * *", "* * * *"])
def test_a_schedule_nobody_can_read_has_no_interval(schedule: str) -> None:
    """The check then takes a day."""
    assert interval(schedule, datetime(2026, 1, 10, tzinfo=UTC)) is None


@pytest.mark.parametrize(("text", "wanted"), [("1m40s", 100.0), ("2h3m0.5s", 7380.5), ("850ms", 0.85)])
def test_gos_durations_are_read(text: str, wanted: float) -> None:
    """As VolSync writes them."""
    assert seconds(text) == pytest.approx(wanted)


def test_a_repository_made_now_is_right_for_the_targets_first_backup_alone() -> None:
    """For an app that had backups it means that the path is another one."""
    status = {"latestMoverStatus": {"result": "Successful", "logs": "created restic repository 1a2b at /r\nsnapshot 2d6f570e saved"}}
    assert saved(status, new=True).verdict == "ok"
    assert saved(status).verdict == "block"


def _furnish(town: Town) -> None:
    service = {"name": NAME, "port": {"number": 8080}}
    rule = {"host": "vaultwarden.example.org", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": service}}]}}
    town.source.put(
        thing("Ingress", NAME, spec={"rules": [rule]}), thing("Service", NAME, spec={"selector": {"app": NAME}, "ports": [{"port": 8080}]})
    )
    for side, address in ((town.source, "192.168.0.224"), (town.target, "192.168.0.160")):
        status = {"loadBalancer": {"ingress": [{"ip": address}]}}
        side.put(thing("Service", "ingress-nginx-controller", "ingress-nginx", spec={}, status=status))


def test_its_volume_is_found_with_image_size_and_the_drivers_secrets(town: Town) -> None:
    """And the backup by the claim that it backs up."""
    _furnish(town)
    found = find(APP, town.look())
    assert found.volumes == (VOLUME,)
    assert found.backup == NAME


def test_a_second_backup_of_the_claim_does_not_hide_the_apps_own(town: Town) -> None:
    """That two write is a check's word, not a reason to find nothing."""
    _furnish(town)
    town.source.put({**backup()[0], "metadata": {**backup()[0]["metadata"], "name": "another"}})
    assert find(APP, town.look()).backup == NAME


def test_a_claim_that_is_no_image_is_refused_before_anything_begins(town: Town) -> None:
    """NFS is another method's."""
    _furnish(town)
    town.source.of("PersistentVolume", "pvc-1", "")["spec"]["csi"]["driver"] = "nfs.csi.k8s.io"
    with pytest.raises(Blocked, match="no RBD image") as error:
        find(APP, town.look())
    assert error.value.data["check"] == "claim-is-bound"


def test_a_stateless_app_is_not_asked_for_volumes(town: Town) -> None:
    """`app-keeps-no-data` judges those."""
    _furnish(town)
    assert find(App(NAME, "stateless", (NAME,), 300.0, 0.0), town.look()).volumes == ()


def test_a_statefulsets_claims_are_named_by_template_set_and_ordinal(town: Town) -> None:
    """They exist before the set does on the target."""
    _furnish(town)
    one = town.source.of("Deployment")
    spec = {**one["spec"], "replicas": 1, "volumeClaimTemplates": [{"metadata": {"name": "data"}}]}
    spec["template"] = {**spec["template"], "spec": {**spec["template"]["spec"], "volumes": []}}
    town.source.drop("Deployment")
    claim = town.source.of("PersistentVolumeClaim")
    town.source.put(thing("StatefulSet", NAME, spec=spec), {**claim, "metadata": {**claim["metadata"], "name": f"data-{NAME}-0"}})
    assert [one.claim for one in find(replace(APP), town.look()).volumes] == [f"data-{NAME}-0"]
