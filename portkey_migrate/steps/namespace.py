"""The app's namespace on the other side, and the Secrets that it needs there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portkey_migrate.errors import Blocked
from portkey_migrate.model import Fields, Ref, Seen, escape
from portkey_migrate.steps import Step
from portkey_migrate.systems.at import At
from portkey_migrate.systems.names import MADE_BY_FIELD

#: What a namespace says about who may run in it; the rest of its labels is its own cluster's business.
_CARRIED = ("pod-security.kubernetes.io/", "volsync.backube/")


@dataclass(frozen=True)
class MakeNamespace(Step):
    """The namespace on the target, with the source's Pod security labels."""

    kind: ClassVar[str] = "namespace"
    verbs: ClassVar[tuple[str, ...]] = ("get", "create", "delete")
    namespace: str

    @property
    def name(self) -> str:
        return f"namespace:target/{self.namespace}"

    def ref(self, at: At) -> Ref:
        return Ref("target", "Namespace", "", self.namespace)

    def wants(self, seen: Seen, at: At) -> Fields:
        if seen.object is not None:
            return {}  # it stands; `namespace-is-the-apps-own` has judged whose it is
        there = at.get(Ref("source", "Namespace", "", self.namespace)).object or {}
        out: dict[str, object] = {MADE_BY_FIELD: at.key}
        for part in ("labels", "annotations"):
            for key, value in there.get("metadata", {}).get(part, {}).items():
                if key.startswith(_CARRIED):
                    out[f"metadata.{part}.{escape(key)}"] = value
        return out


@dataclass(frozen=True)
class CopySecret(Step):
    """One Secret of the app, by reference: the fields are HMACs, the value goes from one API to the other inside `send`."""

    kind: ClassVar[str] = "secret"
    verbs: ClassVar[tuple[str, ...]] = ("get", "create", "delete")
    namespace: str
    secret: str

    @property
    def name(self) -> str:
        return f"secret:target/{self.secret}"

    def ref(self, at: At) -> Ref:
        return Ref("target", "Secret", self.namespace, self.secret)

    def wants(self, seen: Seen, at: At) -> Fields:
        theirs = at.get(Ref("source", "Secret", self.namespace, self.secret)).object
        if theirs is None:
            raise Blocked(f"Secret {self.namespace}/{self.secret} is not on the source", check="secrets-are-there")
        data = {f"data.{escape(key)}": value for key, value in theirs.get("data", {}).items()}
        if seen.object is None:
            return {"type": theirs.get("type", "Opaque"), **data, MADE_BY_FIELD: at.key}
        if any(seen.object.get("data", {}).get(key) != value for key, value in theirs.get("data", {}).items()):
            # Rule 10: nobody's Secret is overwritten. A person decides which of the two is right.
            raise Blocked(
                f"Secret {self.namespace}/{self.secret} stands on the target with another value",
                check="secrets-are-equal",
                hint=f"migrate preflight app {at.subject.partition('/')[2]}",
            )
        return {}

    def along(self, at: At) -> Fields:
        return {"copy-of": f"source/{self.namespace}/{self.secret}"}
