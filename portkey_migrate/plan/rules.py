"""What is worth a look though the plan is valid. Static: only the plan is read; what a live system says is a check's business.

A rule is a sentence that is true when all is well. A phase accepts one by its name, with the reason, who and until when.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import ip_interface

from portkey_migrate.model import Cluster, Plan

Warning_ = tuple[str, str, str]  # where, the phase it belongs to or "", the sentence
_MIGRATION = "phases/migration.yaml:1"
_OUTLIVES_ONE = 3  # etcd members


def lint(plan: Plan) -> list[str]:
    """`file:line: rule: sentence` for each warning that no phase accepts."""
    everywhere = {rule for phase in plan.phases for rule in phase.accept}
    accepted = {phase.name: set(phase.accept) for phase in plan.phases}
    return [
        f"{where}: {rule}: {sentence}"
        for rule, look in RULES.items()
        for where, phase, sentence in look(plan)
        if rule not in (accepted[phase] if phase else everywhere)
    ]


def _documents_agree(plan: Plan) -> Iterator[Warning_]:
    for doubt in plan.doubts:
        yield _MIGRATION, "", doubt


def _pods_and_services_are_apart(plan: Plan) -> Iterator[Warning_]:
    """Pods that may get a Service's address work by luck, and a network cannot be changed after bootstrap (domain B86)."""
    for side, cluster in _sides(plan):
        pods, services = cluster.facts.get("pods"), cluster.facts.get("services")
        if pods and ip_interface(pods).ip != ip_interface(pods).network.network_address:
            yield _MIGRATION, "", f"{side}: pods {pods} has host bits set; the network is {ip_interface(pods).network}"
        if pods and services and ip_interface(pods).network.overlaps(ip_interface(services).network):
            yield _MIGRATION, "", f"{side}: pods {pods} and services {services} overlap"


def _each_cluster_has_its_own_vip(plan: Plan) -> Iterator[Warning_]:
    """Two owners of one address answer in turn (domain B53)."""
    vip = plan.target.facts.get("vip")
    if vip and vip == plan.source.facts.get("vip"):
        yield _MIGRATION, "", f"source and target both have the address {vip}; they cannot both answer there"


def _addresses_differ(plan: Plan) -> Iterator[Warning_]:
    seen: dict[object, str] = {}
    for node in plan.nodes.values():
        for what, value in (("VM id", node.vm), ("address", (node.new or {}).get("ip"))):
            other = seen.setdefault((what, value), node.name) if value else node.name
            if other != node.name:
                yield node.where, "", f"{node.name} has the {what} of {other}: {value}"


def _etcd_outlives_a_member(plan: Plan) -> Iterator[Warning_]:
    """Two members are worse than one: either that dies takes the cluster with it (domain B54)."""
    k3s = {name for name, node in plan.nodes.items() if node.new is None}
    talos: set[str] = set()
    for phase in plan.phases:
        moved = [item.subject[5:] for row in phase.items for item in row if item.subject.startswith("node/")]
        k3s -= set(moved)
        talos |= {name for name in moved if plan.nodes[name].becomes == "controlplane"}
        if moved:
            for side, left in (("source", k3s), ("target", talos)):
                if left and len(left) < _OUTLIVES_ONE:
                    many = "1 member" if len(left) == 1 else f"{len(left)} members: the loss of either ends it"
                    yield phase.where, phase.name, f"after {phase.name} etcd of the {side} has {many} ({', '.join(sorted(left))})"


def _the_last_k3s_server_goes_last(plan: Plan) -> Iterator[Warning_]:
    """With it the source is gone, and every way back to it (domain 4.4, PNR-4)."""
    left = {f"node/{name}" for name, node in plan.nodes.items() if node.new is None}
    last = ""
    for phase in plan.phases:
        for row in phase.items:
            for item in row:
                if item.subject in left:
                    left.discard(item.subject)
                    last = "" if left else item.subject
                elif last and item.subject.startswith("app/"):
                    yield item.where, phase.name, f"{item.subject} moves after {last}, the last K3s server, was removed"


def _every_app_has_its_turn(plan: Plan) -> Iterator[Warning_]:
    for app in plan.apps.values():
        if not plan.phase_of(f"app/{app.name}"):
            yield app.where, "", f"app {app.name} is in no phase; only `migrate advance app {app.name}` moves it"


def _people_know_of_an_outage(plan: Plan) -> Iterator[Warning_]:
    """A window says that people notice; then they are told beforehand."""
    for app in plan.apps.values():
        if app.window is not None and not app.tell:
            yield app.where, "", f"app {app.name} has a window and nothing to tell its users"


def _sides(plan: Plan) -> list[tuple[str, Cluster]]:
    return [("source", plan.source), ("target", plan.target)]


RULES: dict[str, Callable[[Plan], Iterator[Warning_]]] = {
    rule.__name__.strip("_").replace("_", "-"): rule
    for rule in (
        _documents_agree,
        _pods_and_services_are_apart,
        _each_cluster_has_its_own_vip,
        _addresses_differ,
        _etcd_outlives_a_member,
        _the_last_k3s_server_goes_last,
        _every_app_has_its_turn,
        _people_know_of_an_outage,
    )
}
