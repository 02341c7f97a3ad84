"""A sequence of requests as data: what is sent, with words for what only the answers of one server can say.

    GET /api/v1/namespaces/{ns}/configmaps/a
    PATCH /api/v1/namespaces/{ns}/configmaps/a
      {"metadata": {"resourceVersion": "<rv configmaps/a 1>"}}

`{ns}` is the Namespace of this run. `<rv KEY N>` is the version of an object N changes ago, `<uid KEY N>` its uid; `<token configmaps N>` is
a continue token of that kind's lists and `<list configmaps N>` such a list's version; N counts back from the newest. Each server fills
them from its own answers, so the same script means the same on both, and a script can be cut anywhere and still be sent.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

_WORD = re.compile(r"<(rv|uid|token|list)(?: ([^ <>]*[a-z][^ <>]*))?(?: (\d+))?>")
_UNKNOWN = {"rv": "1", "uid": "00000000-0000-4000-8000-000000000000", "token": "bm90aGluZw", "list": "1"}
MERGE, JSON_PATCH, JSON = "application/merge-patch+json", "application/json-patch+json", "application/json"


@dataclass(frozen=True)
class Step:
    """One request. WATCH as method opens a watch whose events are compared at the end of the script; SETTLE waits for the controllers."""

    method: str
    path: str
    body: Any = None
    content: str = JSON

    @property
    def text(self) -> str:
        body = "" if self.body is None else "\n  " + (self.body if isinstance(self.body, str) else json.dumps(self.body, sort_keys=True))
        return f"{self.method} {self.path}{'' if self.content == JSON else f'   ({self.content})'}{body}"


@dataclass(frozen=True)
class Script:
    """A named sequence of steps. `controllers`: both sides run theirs."""

    name: str
    steps: tuple[Step, ...]
    controllers: bool = False
    why: str = ""

    @property
    def text(self) -> str:
        return "\n".join(step.text for step in self.steps)

    def without(self, start: int, count: int) -> Script:
        return replace(self, steps=self.steps[:start] + self.steps[start + count :])

    def dump(self) -> str:
        """As it is kept: YAML with one step a line or two."""
        steps = []
        for step in self.steps:
            one: dict[str, Any] = {"do": f"{step.method} {step.path}"}
            if step.body is not None:
                one["body"] = step.body
            if step.content != JSON:
                one["content"] = step.content
            steps.append(one)
        head: dict[str, Any] = {"why": self.why}
        if self.controllers:
            head["controllers"] = True
        return yaml.safe_dump({**head, "steps": steps}, sort_keys=False, width=140)


def _step(said: dict[str, Any]) -> Step:
    method, _, path = str(said["do"]).partition(" ")
    return Step(method, path, said.get("body"), said.get("content", JSON))


def load(path: Path) -> Script:
    said = yaml.safe_load(path.read_text())
    steps = tuple(_step(one) for one in said["steps"])
    return Script(path.stem, steps, bool(said.get("controllers")), said["why"])


@dataclass
class Memory:
    """What one server has said so far in one run: versions and uids by object, tokens and versions of lists."""

    versions: dict[str, list[str]] = field(default_factory=dict)
    uids: dict[str, list[str]] = field(default_factory=dict)
    ordinals: dict[str, dict[str, int]] = field(default_factory=dict)  # by version: the how-manieth change of its object
    content: dict[str, Any] = field(default_factory=dict)  # as each object last stood, without its version
    tokens: dict[str, list[str]] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)

    def learn(self, resource: str, body: Any) -> None:  # noqa: C901 - one branch for each thing that an answer may teach
        """From one answer: an object, or a list of them."""
        if not isinstance(body, dict) or not isinstance(body.get("metadata"), dict):
            return
        if isinstance(body.get("items"), list):
            for item in body["items"]:
                self.learn(resource, item)
            if version := body["metadata"].get("resourceVersion"):
                self.lists.setdefault(resource, []).append(version)
            if token := body["metadata"].get("continue"):
                self.tokens.setdefault(resource, []).append(token)
            return
        metadata, key = body["metadata"], f"{resource}/{body['metadata'].get('name', '')}"
        if not metadata.get("uid") or not metadata.get("resourceVersion") or body.get("kind") == "Status":
            return
        lives, versions = self.uids.setdefault(key, []), self.versions.setdefault(key, [])
        if metadata["uid"] not in lives:
            lives.append(metadata["uid"])
        if metadata["resourceVersion"] not in self.ordinals.setdefault(key, {}):
            if self._stands_as_it_did(key, body) and versions:
                # A new version with nothing new in it: the real server has written down who owns a field. The lab keeps no owners.
                self.ordinals[key][metadata["resourceVersion"]] = self.ordinals[key][versions[-1]]
                versions[-1] = metadata["resourceVersion"]
            else:
                self.ordinals[key][metadata["resourceVersion"]] = len(versions)
                versions.append(metadata["resourceVersion"])
        if body.get("kind") != "Scale":
            self.content[key] = _without_version(body)

    def _stands_as_it_did(self, key: str, body: dict[str, Any]) -> bool:
        then = self.content.get(key)
        if then is None:
            return False
        if body.get("kind") == "Scale":
            return bool(then.get("spec", {}).get("replicas", 0) == body["spec"].get("replicas", 0))
        return bool(then == _without_version(body))

    def filled(self, text: str) -> str:
        return _WORD.sub(self._word, text)

    def _word(self, match: re.Match[str]) -> str:
        word, key, back = match.group(1), match.group(2) or "", int(match.group(3) or 0)
        seen = {"rv": self.versions.get(key, []), "uid": self.uids.get(key, []), "token": self.tokens.get(key, []), "list": self.lists.get(key, [])}[
            word
        ]
        return seen[-1 - back] if back < len(seen) else _UNKNOWN[word]


def _without_version(body: dict[str, Any]) -> dict[str, Any]:
    metadata = {key: value for key, value in body["metadata"].items() if key not in ("resourceVersion", "managedFields")}
    return {**{key: value for key, value in body.items() if key not in ("kind", "apiVersion")}, "metadata": metadata}


def resource_of(path: str) -> str:
    """The plural of what a path names: what its object is remembered by. A /scale has its object's versions."""
    parts = path.partition("?")[0].strip("/").split("/")
    rest = parts[2:] if parts[0] == "api" else parts[3:]
    if rest[:1] == ["namespaces"] and len(rest) > 2 and rest[2] not in ("status", "finalize"):
        rest = rest[2:]
    return rest[0] if rest else ""
