"""How each behaviour of the lab is known: the declaration, and the names under which its sources are cited. The page is truth_page.py.

A part of the lab says beside its code what it claims of the real system and how that is known. Nothing of the lab's behaviour lives
here, and nothing of the lab is imported: every part may.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

Known = Literal["held", "measured", "read", "documented", "assumed"]
#: Which way a guess errs. Harsher: the lab asks more of the tool than the real system would. Either: nobody knows.
Errs = Literal["harsher", "kinder", "either"]

#: In this order on the page: what is proved first.
KINDS: dict[Known, str] = {
    "held": "against the real server, by a test that runs on both; `make contract-real` does it",
    "measured": "on the real system, once, elsewhere: not repeated here",
    "read": "in its source, at a version; nobody ran it",
    "documented": "by its makers, at a public address",
    "assumed": "a guess or a short cut, with its reason and the way in which it errs",
}


class Source(NamedTuple):
    """A system that was measured, or a project that was read."""

    version: str
    where: str


#: What was measured, by the word with which a measurement begins.
SYSTEMS: dict[str, Source] = {
    "Kubernetes": Source("1.35.4", "API server, controller-manager, scheduler, etcd 3.6.5 without fsync, KWOK 0.7 as kubelet; loopback, 2 cores"),
    "Argo CD": Source("3.2.3", "application controller, repo-server, ApplicationSet controller, default flags, on that Kubernetes"),
    "Ceph": Source("16.2.15", "one node, librbd clients; the kernel's client was not tested"),
    "client": Source("37.0.2", "Python's kubernetes client with urllib3 2.8.0, against that Kubernetes"),
}
#: What was read, by the word with which a reading begins.
PROJECTS: dict[str, Source] = {
    "volsync": Source("v0.14.0", "https://github.com/backube/volsync"),
    "argo-cd": Source("v3.2.3", "https://github.com/argoproj/argo-cd"),
    "gitops-engine": Source("5baed5604d2d", "https://github.com/argoproj/gitops-engine"),
    "kubernetes": Source("v1.35.4", "https://github.com/kubernetes/kubernetes"),
    "client-go": Source("v0.35.4", "https://github.com/kubernetes/client-go"),
    "apiserver": Source("v0.35.4", "https://github.com/kubernetes/apiserver"),
    "endpointslice": Source("v0.35.4", "https://github.com/kubernetes/endpointslice"),
    "ingress-nginx": Source("10b7baafe8d9", "https://github.com/kubernetes/ingress-nginx"),
    "ceph-csi": Source("040b1408dbc1", "https://github.com/ceph/ceph-csi"),
    "etcd": Source("v3.6.5", "https://github.com/etcd-io/etcd"),
    "pve-common": Source("0219596da205", "https://github.com/proxmox/pve-common"),
    "pve-guest-common": Source("1a400a9ea8a2", "https://github.com/proxmox/pve-guest-common"),
}


@dataclass(frozen=True)
class Fact:
    """One thing that the lab claims of a real system. `errs` stands where it is assumed, and nowhere else."""

    says: str
    known: Known
    where: str
    errs: Errs | None = None

    def __post_init__(self) -> None:
        if self.known not in KINDS or not self.says or not self.where:
            raise ValueError(f"{self!r} does not say what, how and where")
        if (self.known == "assumed") != (self.errs in get_args(Errs)):
            raise ValueError(f"{self!r}: what is assumed errs, and nothing else does")
        named = {"measured": SYSTEMS, "read": PROJECTS}.get(self.known)
        if named is not None and not any(self.where.startswith(f"{name} ") for name in named):
            raise ValueError(f"{self!r} does not begin with one of {', '.join(named)}")
        if self.known == "documented" and not self.where.startswith("https://"):
            raise ValueError(f"{self!r} has no public address")


Facts = tuple[Fact, ...]


def held(says: str, where: str) -> Fact:
    """`where`: a test as pytest names it, or a script of tests/real."""
    return Fact(says, "held", where)


def measured(says: str, where: str) -> Fact:
    """`where`: the system's word of `SYSTEMS`, then what was seen and how often."""
    return Fact(says, "measured", where)


def read(says: str, where: str) -> Fact:
    """`where`: the project's word of `PROJECTS`, then file, line and function."""
    return Fact(says, "read", where)


def documented(says: str, where: str) -> Fact:
    return Fact(says, "documented", where)


def assumed(says: str, why: str, errs: Errs) -> Fact:
    return Fact(says, "assumed", why, errs)
