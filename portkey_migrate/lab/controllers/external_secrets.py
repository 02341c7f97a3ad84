"""External Secrets: an ExternalSecret becomes a Secret of its own, and stays what it is as long as its store answers.

What a key holds is the same wherever it is asked for: both clusters read one store. The template's own text (a repository's path) is kept.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from portkey_migrate.lab.controllers import Controller, Key, Object, alive, conditions, either, key_of, owned_by
from portkey_migrate.lab.store import stamp
from portkey_migrate.lab.truth import assumed, documented

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

FACTS = (
    documented("a Secret of its own, made again when it is gone", "https://external-secrets.io/latest/api/externalsecret/"),
    assumed("a Secret that was changed stays so until its ExternalSecret is touched", "the real one looks again by itself", "either"),
    assumed("the store always answers", "no situation takes it away", "kinder"),
)


class ExternalSecrets(Controller):
    name = "external-secrets"
    kinds = frozenset({"ExternalSecret", "Secret"})

    def keys(self, world: World, kind: str, old: Object | None, new: Object | None) -> Iterable[tuple[Key, float]]:
        obj = either(old, new)
        if kind == "ExternalSecret":
            if new is not None:
                yield key_of(obj), world.rng(f"{self.cluster}/external-secrets").uniform(0.1, 1.0)
        elif new is None:
            for one in obj["metadata"].get("ownerReferences", ()):
                if one["kind"] == "ExternalSecret":
                    yield (obj["metadata"]["namespace"], one["name"]), 0.5

    def act(self, world: World, now: float, key: Key) -> float | None:
        mine = self.get(world, "ExternalSecret", *key)
        if mine is None or not alive(mine):
            return None
        spec = mine["spec"]
        target = spec.get("target", {})
        name = target.get("name") or key[1]
        said = {one["secretKey"]: f"{world.canary}-{one['remoteRef']['key']}" for one in spec.get("data", ())}
        template = (target.get("template") or {}).get("data", {})
        if template:
            said = {field: re.sub(r"\{\{ \.(\w+) \}\}", lambda found: said.get(found[1], ""), text) for field, text in template.items()}
        data = {field: base64.b64encode(str(value).encode()).decode() for field, value in sorted(said.items())}
        there = self.get(world, "Secret", key[0], name)
        if there is None:
            metadata = {"name": name, "namespace": key[0], "ownerReferences": [owned_by(mine)]}
            self.create(world, "Secret", {"metadata": metadata, "type": "Opaque", "data": data})
        elif there.get("data") != data and alive(there):
            self.replace(world, {**there, "data": data})
        done = conditions(mine, {"type": "Ready", "status": "True", "reason": "SecretSynced", "message": "secret synced"}, stamped=stamp(now))
        if done != mine.get("status", {}).get("conditions"):
            status = {**mine.get("status", {}), "conditions": done, "binding": {"name": name}, "refreshTime": stamp(now)}
            self.replace(world, {**mine, "status": status})
        return None
