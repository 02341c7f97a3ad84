"""The cluster's own repository: what each revision says of each app, rendered."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from portkey_migrate.lab.truth import assumed

FACTS = (
    assumed("a commit is seen when an app is next looked at", "73 s were measured without a refresh; no commit comes during a move here", "kinder"),
)

Object = dict[str, Any]


@dataclass
class Git:
    """Branch or tag → path of an app → its manifests."""

    revisions: dict[str, dict[str, list[Object]]] = field(default_factory=dict)

    def commit(self, revision: str) -> str:
        """The commit that a revision stands at: a function of its content, so that equal content is an equal commit. "" for an unknown one."""
        if revision in self.revisions:
            return hashlib.sha1(json.dumps(self.revisions[revision], sort_keys=True).encode()).hexdigest()  # noqa: S324 (Git's own names; nothing is secured by it)
        return next((revision for known in self.revisions if self.commit(known) == revision), "")

    def manifests(self, revision: str, path: str) -> list[Object] | None:
        """What an app is made of there; None where the revision or the path does not exist."""
        for known, paths in self.revisions.items():
            if revision in (known, self.commit(known)):
                return paths.get(path)
        return None
