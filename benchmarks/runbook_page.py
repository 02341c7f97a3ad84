"""Vaultwarden's page of the written runbook, followed by a person in the lab, line by line, at the page's own times (T+0 is the copy).

A command that fails does not stop the next: a person works down a page. One that takes longer than the page thinks moves everything after
it. What no command of a cluster does (the resolver's own screen) is played at its outcome, and the outcome says where that is known from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import yaml

from benchmarks.runbook_kubectl import Ended, Kubectl
from portkey_migrate.lab.client import Lab as Client

if TYPE_CHECKING:
    from portkey_migrate.rehearse.processes import Lab

APP, WORLD = "vaultwarden", "portkey-as-found"
HOST = "vaultwarden.themainfreak.com"
#: Announced to people: 30 minutes.
ANNOUNCED = 1800.0
#: The first command comes this long before T+0.
FIRST = 15 * 60.0
#: VolSync's schedule: the last backup is at most this old when the first command comes.
SCHEDULE = 6 * 3600.0
#: After the last line people use what they were given, before anybody counts.
AFTER = 300.0
#: The repository's folder for the app: a Helm chart, which is no manifest (domain B24).
FOLDER = {
    "Chart.yaml": "apiVersion: v2\nname: vaultwarden\nversion: 1.0.0\ndependencies:\n  - {name: app-template, version: 4.3.0}\n",
    "values.yaml": "app-template:\n  controllers:\n    main:\n      replicas: 1\n",
}


@dataclass
class Typed:
    """One line of the page, as it went."""

    at: str
    argv: list[str]
    t: float
    ended: Ended
    behind: str = ""  # what the world made of it, which nobody at the terminal was told

    @property
    def line(self) -> dict[str, Any]:
        outcome = " ".join(self.ended.said.split()) or "(prints nothing)"
        return {"at": self.at, "argv": self.argv, "code": self.ended.code, "outcome": f"{outcome} -- {self.behind}" if self.behind else outcome}


@dataclass
class Person:
    """Somebody with the page, a terminal, and the resolver's screen."""

    lab: Lab
    kubectl: Kubectl
    zero: float  # T+0
    typed: list[Typed] = field(default_factory=list)

    @property
    def now(self) -> float:
        return float(self.lab.ask("stats")["now"])

    def until(self, at: str) -> None:
        """Not before the page's time; later where the line above took longer."""
        self.lab.ask("advance", until=max(self.now, self.zero + float(at.removeprefix("T")) * 60.0))

    def types(self, at: str, line: str, stdin: str = "") -> Typed:
        argv = line.split()
        return self.does(at, argv, lambda: self.kubectl.run(argv, stdin))

    def does(self, at: str, argv: list[str], work: Callable[[], Ended]) -> Typed:
        self.until(at)
        began = self.now
        self.typed.append(Typed(at, argv, began, work()))
        return self.typed[-1]

    def status(self, side: str, what: str) -> dict[str, Any]:
        """A look that is no line of the page: it changes nothing, and the page's person does not see it."""
        ended = self.kubectl.run(f"kubectl --context {side} get {what} -n {APP} -o yaml".split())
        return dict(yaml.safe_load(ended.out).get("status", {})) if ended.code == 0 else {}


def follows(person: Person, talos: str) -> None:
    """The page. `talos`: the address of Talos's ingress."""
    epoch = int(person.zero)
    k, t = "kubectl --context source", "kubectl --context target"
    asked = person.types("T-15", f"{k} annotate replicationsource/{APP} -n {APP} volsync.backube/trigger-backup=final-{epoch}")
    person.until("T-10")
    asked.behind = _backed_up(person, asked.t)
    person.types("T-10", f"{k} get replicationsource/{APP} -n {APP} -w")
    stopped = person.types("T-5", f"{k} scale deployment/{APP} -n {APP} --replicas=0")
    _copies_the_secret(person, f"{k} get secret {APP}-volsync-secret -n {APP} -o yaml", f"{t} apply -f -")
    restored = person.types("T+0", f"{t} apply -f -", yaml.safe_dump(destination(epoch)))
    person.types("T+15", f"{t} wait --for=condition=Completed replicationdestination/{APP}-restore -n {APP} --timeout=15m")
    restored.behind = _restored(person)
    person.types("T+15", f"{t} apply -f apps/{APP}/")
    person.does("T+20", ["dig", "+short", HOST], lambda: Ended(0, person.lab.ask("resolve", host=HOST)))
    person.does("T+20", ["(by hand: LAN resolver, Cloudflare)", HOST, "A", talos], lambda: _set(person, talos))
    person.does("T+25", ["curl", "-k", f"https://{HOST}"], lambda: _curl(person))
    person.until("T+30")
    stopped.behind = _healed(person, stopped.t)


def destination(epoch: int) -> dict[str, Any]:
    """The ReplicationDestination that the page says, without a copyMethod, as the page does (domain B09)."""
    restic = {
        "repository": f"{APP}-volsync-secret",
        "destinationPVC": APP,
        "accessModes": ["ReadWriteOnce"],
        "capacity": "5Gi",
        "storageClassName": "ceph-block",
    }
    spec = {"trigger": {"manual": f"restore-{epoch}"}, "restic": restic}
    metadata = {"name": f"{APP}-restore", "namespace": APP}
    return {"apiVersion": "volsync.backube/v1alpha1", "kind": "ReplicationDestination", "metadata": metadata, "spec": spec}


def _copies_the_secret(person: Person, get: str, apply: str) -> None:
    """A pipe: what the first command prints goes to the second and is on no screen."""
    piped: list[str] = []

    def reads() -> Ended:
        ended = person.kubectl.run(get.split())
        piped.append(ended.out)
        return ended._replace(out="" if ended.code else "(piped)")

    person.does("T+0", get.split(), reads)
    person.types("T+0", apply, piped[0])


def _set(person: Person, address: str) -> Ended:
    person.lab.ask("point", host=HOST, address=address)
    return Ended(0, f"{HOST} is {address} for everybody from now on (played at its outcome: domain B80, B82)")


def _curl(person: Person) -> Ended:
    """Whatever answers: -k asks no certificate for its name."""
    address = person.lab.ask("resolve", host=HOST)
    client = Client(person.kubectl.socket)
    try:
        got = client.transport.fetch(address, HOST, "/", 30.0)
    finally:
        client.wire.close()
    return Ended(0, f"{got.status} from {address}") if got.status else Ended(7, "", f"curl: (7) {got.error}")


def _backed_up(person: Person, since: float) -> str:
    status = person.status("source", f"replicationsource/{APP}")
    if status.get("lastSyncStartTime"):
        return "the schedule comes round just now; the annotation is nothing to VolSync"
    last = datetime.fromisoformat(str(status["lastSyncTime"])).timestamp()
    if last > since:
        return "the schedule came round meanwhile; the annotation is nothing to VolSync"
    return f"no backup began: VolSync knows no such annotation; the last one is {_length(since - last)} old"


def _healed(person: Person, since: float) -> str:
    """By the ledger: who wrote to the Deployment after the scale."""
    for line in person.lab.ask("ledger"):
        at = (line["cluster"], line["kind"], line["namespace"], line["name"])
        if at == ("source", "Deployment", APP, APP) and line["t"] > since and "argocd" in str(line["actor"]):
            return f"Argo CD has put it back {line['t'] - since:.1f} s later: the source writes on"
    return "it stays at 0"


def _restored(person: Person) -> str:
    """VolSync's own words: what its mover restored, and why the object says nothing of being complete."""
    status = person.status("target", f"replicationdestination/{APP}-restore")
    mover = status.get("latestMoverStatus")
    if not mover:
        return f"no restore: {_condition(status)}"
    return f"{str(mover['logs']).partition(chr(10))[0]}, over what the claim held; {_condition(status)}"


def _condition(status: dict[str, Any]) -> str:
    return (
        "; ".join(f"{one['type']}={one['status']} {one['reason']}: {one['message']}" for one in status.get("conditions", ())) or "no condition at all"
    )


def _length(seconds: float) -> str:
    hours, minutes = divmod(int(seconds // 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
