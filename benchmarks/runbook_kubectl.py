"""kubectl as the written runbook uses it: each command sends what kubectl 1.35.4 sent to a kube-apiserver 1.35.4 when it was watched with -v=8.

Left out are discovery and the OpenAPI schema, which are read once a day and change nothing. A command is a session of its own in the lab, as
it is a process of its own for a person; what it computes itself takes no time.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import yaml

from portkey_migrate.lab.client import Lab, LabSocket

Object = dict[str, Any]
MERGE, STRATEGIC = "application/merge-patch+json", "application/strategic-merge-patch+json"
APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"
_BY_APPLY = {"fieldManager": "kubectl-client-side-apply", "fieldValidation": "Strict"}
#: apply's own: a conflict is tried again five times, from the second on after a second.
_TRIES, _BACK_OFF = 5, 1.0
_NOT_FOUND, _CONFLICT, _FAILED = 404, 409, 400


class Kind(NamedTuple):
    """What discovery tells kubectl of a word."""

    kind: str
    path: str  # up to the namespace
    resource: str
    said: str  # as kubectl names it in its answers
    crd: bool = False


_VOLSYNC = "volsync.backube"
KINDS = {
    one.kind.lower(): one
    for one in (
        Kind("Secret", "/api/v1", "secrets", "secret"),
        Kind("Deployment", "/apis/apps/v1", "deployments", "deployment.apps"),
        Kind("ReplicationSource", f"/apis/{_VOLSYNC}/v1alpha1", "replicationsources", f"replicationsource.{_VOLSYNC}", crd=True),
        Kind("ReplicationDestination", f"/apis/{_VOLSYNC}/v1alpha1", "replicationdestinations", f"replicationdestination.{_VOLSYNC}", crd=True),
    )
}


class Ended(NamedTuple):
    """How a command ended, as its terminal shows it."""

    code: int
    out: str
    err: str = ""

    @property
    def said(self) -> str:
        return (self.err or self.out).strip()


class Asked(NamedTuple):
    """What a request says beside its method and path."""

    query: Mapping[str, str] = {}
    body: Object | None = None
    media: str = ""
    accept: str = "application/json"


class StatusError(Exception):
    """What the server refused, in its own words."""

    def __init__(self, status: Mapping[str, Any]) -> None:
        super().__init__(str(status.get("message", "")))
        self.code, self.reason, self.message = int(status.get("code", 0)), str(status.get("reason", "")), str(status.get("message", ""))

    def told(self, doing: str = "") -> str:
        return f"Error from server ({self.reason}): {doing}{self.message}"


@dataclass
class Api:
    """One command's line to one cluster."""

    lab: Lab
    host: str
    port: int
    token: str

    def send(self, method: str, path: str, asked: Asked | None = None) -> Any:
        """One request and its answer. Raises `StatusError`."""
        with self._asked(method, path, asked or Asked()) as (answer, _):
            said = json.loads(answer.read() or b"{}")
            if answer.status >= _FAILED:
                raise StatusError(said)
            return said

    def watch(self, path: str, asked: Asked, until: float) -> Iterator[Object]:
        """The events of a watch, up to a moment of the lab's clock; a clean end before it ends the iteration."""
        with self._asked("GET", path, asked._replace(query={**asked.query, "watch": "true"})) as (answer, sock):
            while (left := until - self.lab.clock.monotonic()) > 0:
                sock.settimeout(left)
                try:
                    line = answer.readline()
                except TimeoutError:
                    return
                if not line:
                    return
                yield json.loads(line)

    @contextmanager
    def _asked(self, method: str, path: str, asked: Asked) -> Iterator[tuple[http.client.HTTPResponse, LabSocket]]:
        sock = self.lab.transport.connect(self.host, self.port, 30.0)
        line = http.client.HTTPConnection(self.host, self.port)
        line.sock = sock
        headers = {"Accept": asked.accept, "Authorization": f"Bearer {self.token}", "User-Agent": "kubectl/v1.35.4 (linux/amd64)"}
        if asked.media:
            headers["Content-Type"] = asked.media
        target = f"{path}?{urlencode(asked.query)}" if asked.query else path
        try:
            line.request(method, target, json.dumps(asked.body).encode() if asked.media else None, headers)
            yield line.getresponse(), sock
        finally:
            line.close()
            sock.close()


@dataclass(frozen=True)
class Kubectl:
    """kubectl with a kubeconfig, in the lab behind a socket."""

    socket: str
    kubeconfig: Path
    folder: Path  # where the person stands
    patience: float = 300.0  # seconds that a person looks at a watch before Ctrl-C

    def run(self, argv: list[str], stdin: str = "") -> Ended:
        """One command, `kubectl` and what is typed after it."""
        words, options = _parsed(argv[1:])
        verb, *rest = words
        lab = Lab(self.socket)
        try:
            api = self._api(lab, options["--context"])
            try:
                return _VERBS[verb](self, api, rest, options, stdin)
            except StatusError as refused:
                return Ended(1, "", refused.told())
        finally:
            lab.wire.close()

    def _api(self, lab: Lab, context: str) -> Api:
        said = yaml.safe_load(self.kubeconfig.read_text())
        named = {kind: {one["name"]: one for one in said[kind]} for kind in ("clusters", "contexts", "users")}
        here = named["contexts"][context]["context"]
        host, _, port = named["clusters"][here["cluster"]]["cluster"]["server"].removeprefix("https://").partition(":")
        return Api(lab, host, int(port or "443"), named["users"][here["user"]]["user"]["token"])


_FLAGS = ("-w",)


def _parsed(argv: list[str]) -> tuple[list[str], dict[str, str]]:
    words: list[str] = []
    options: dict[str, str] = {}
    rest = iter(argv)
    for one in rest:
        if not one.startswith("-"):
            words.append(one)
        elif one in _FLAGS:
            options[one] = "true"
        elif "=" in one:
            name, _, value = one.partition("=")
            options[name] = value
        else:
            options[one] = next(rest)
    return words, options


def _named(word: str, namespace: str) -> tuple[Kind, str, str]:
    """Kind, name and path of `deployment/vaultwarden`."""
    short, _, name = word.partition("/")
    kind = KINDS[short]
    return kind, name, f"{kind.path}/namespaces/{namespace}/{kind.resource}"


def _annotate(_: Kubectl, api: Api, words: list[str], options: dict[str, str], __: str) -> Ended:
    kind, name, path = _named(words[0], options["-n"])
    key, value = words[1].split("=", 1)
    api.send("GET", f"{path}/{name}")
    change = {"metadata": {"annotations": {key: value}}}
    api.send("PATCH", f"{path}/{name}", Asked({"fieldManager": "kubectl-annotate"}, change, MERGE))
    return Ended(0, f"{kind.said}/{name} annotated\n")


def _scale(_: Kubectl, api: Api, words: list[str], options: dict[str, str], __: str) -> Ended:
    kind, name, path = _named(words[0], options["-n"])
    api.send("GET", f"{path}/{name}")
    change = {"spec": {"replicas": int(options["--replicas"])}}
    api.send("PATCH", f"{path}/{name}/scale", Asked(body=change, media=MERGE, accept="application/json, */*"))
    return Ended(0, f"{kind.said}/{name} scaled\n")


def _get(self: Kubectl, api: Api, words: list[str], options: dict[str, str], _: str) -> Ended:
    kind, name, path = _named(words[0] if "/" in words[0] else f"{words[0]}/{words[1]}", options["-n"])
    if "-w" not in options:
        found = api.send("GET", f"{path}/{name}")
        found["metadata"].pop("managedFields", None)
        return Ended(0, yaml.safe_dump(found))
    seen = [_last_sync(api.send("GET", f"{path}/{name}", Asked(accept=_TABLE)))]
    until = api.lab.clock.monotonic() + self.patience
    query = {"fieldSelector": f"metadata.name={name}", "resourceVersion": "0"}
    for event in api.watch(path, Asked(query, accept=_TABLE), until):
        line = _last_sync(event["object"])
        if line != seen[-1]:
            seen.append(line)
    return Ended(130, "".join(f"{kind.resource}/{name}  LAST SYNC {line}\n" for line in seen))


def _last_sync(obj: Mapping[str, Any]) -> str:
    """The printer column: .status.lastSyncTime."""
    return str(obj.get("status", {}).get("lastSyncTime") or "<none>")


def _wait(_: Kubectl, api: Api, words: list[str], options: dict[str, str], __: str) -> Ended:
    kind, name, path = _named(words[0], options["-n"])
    wanted = options["--for"].removeprefix("condition=")
    api.send("GET", f"{path}/{name}")
    until = api.lab.clock.monotonic() + float(options["--timeout"].removesuffix("m")) * 60.0
    one = {"allowWatchBookmarks": "true", "fieldSelector": f"metadata.name={name}", "resourceVersionMatch": "NotOlderThan"}
    query = {**one, "sendInitialEvents": "true", "timeoutSeconds": "380"}
    while api.lab.clock.monotonic() < until:
        # An informer: the first list comes as events, and a watch that its own time-out ends is opened again (380 s when it was watched).
        for event in api.watch(path, Asked(query), until):
            if event["type"] in ("ADDED", "MODIFIED") and _has(event["object"], wanted):
                return Ended(0, f"{kind.said}/{name} condition met\n")
    return Ended(1, "", f"error: timed out waiting for the condition on {kind.resource}/{name}\n")


def _has(obj: Mapping[str, Any], condition: str) -> bool:
    said = obj.get("status", {}).get("conditions", ())
    return any(one["type"].lower() == condition.lower() and one["status"].lower() == "true" for one in said)


def _apply(self: Kubectl, api: Api, _: list[str], options: dict[str, str], stdin: str) -> Ended:
    """Each document on its own: one that is refused does not keep back the next."""
    out, err = "", ""
    for name, text in _files(self.folder, options["-f"], stdin):
        for obj in yaml.safe_load_all(text):
            missing = [f"{field} not set" for field in ("apiVersion", "kind") if not obj.get(field)]
            if missing:
                what = missing[0] if len(missing) == 1 else f"[{', '.join(missing)}]"
                tail = "if you choose to ignore these errors, turn validation off with --validate=false"
                err += f'error validating "{name}": error validating data: {what}; {tail}\n'
                continue
            try:
                out += _one(api, name, obj)
            except StatusError as refused:
                err += refused.told(f'error when applying "{name}": ') + "\n"
    return Ended(1 if err else 0, out, err)


def _files(folder: Path, named: str, stdin: str) -> list[tuple[str, str]]:
    if named == "-":
        return [("STDIN", stdin)]
    manifests = (path for path in sorted((folder / named).iterdir()) if path.suffix in (".yaml", ".yml", ".json"))
    return [(f"{named.rstrip('/')}/{path.name}", path.read_text()) for path in manifests]


def _one(api: Api, file: str, obj: Object) -> str:
    """Client-side apply of one object: made where it is not there, else the three-way difference as a patch."""
    kind = KINDS[obj["kind"].lower()]
    path = f"{kind.path}/namespaces/{obj['metadata']['namespace']}/{kind.resource}"
    live = _live(api, f"{path}/{obj['metadata']['name']}")
    if live is None:
        return _created(api, path, kind, annotated(obj))
    return _patched(api, f"{path}/{obj['metadata']['name']}", kind, annotated(obj), live, file)


def _live(api: Api, path: str) -> Object | None:
    try:
        found: Object = api.send("GET", path)
    except StatusError as refused:
        if refused.code != _NOT_FOUND:
            raise
        return None
    return found


def _created(api: Api, path: str, kind: Kind, wanted: Object) -> str:
    """Looks whether the namespace is there and posts it either way, without the resourceVersion that it was copied with."""
    metadata = {key: value for key, value in wanted["metadata"].items() if key != "resourceVersion"}
    _live(api, f"/api/v1/namespaces/{metadata['namespace']}")
    api.send("POST", path, Asked(_BY_APPLY, {**wanted, "metadata": metadata}, "application/json"))
    return f"{kind.said}/{metadata['name']} created\n"


def _patched(api: Api, path: str, kind: Kind, wanted: Object, live: Object, file: str) -> str:
    """A uid and a resourceVersion that were copied along are part of the patch: another cluster's are a conflict for ever (measured)."""
    for attempt in range(_TRIES + 1):
        change = difference(live, wanted)
        try:
            api.send("PATCH", path, Asked(_BY_APPLY, change, MERGE if kind.crd else STRATEGIC))
        except StatusError as refused:
            if refused.code != _CONFLICT or attempt == _TRIES:
                refused.message = f'error when patching "{file}": {refused.message}'
                raise
            if attempt:
                api.lab.clock.sleep(_BACK_OFF)
            live = api.send("GET", path)
        else:
            break
    return f"{kind.said}/{wanted['metadata']['name']} configured\n"


def annotated(obj: Object) -> Object:
    """The object with itself as its last-applied annotation."""
    metadata = {**obj["metadata"], "annotations": {one: value for one, value in obj["metadata"].get("annotations", {}).items() if one != APPLIED}}
    last = json.dumps({**obj, "metadata": metadata}, separators=(",", ":"), sort_keys=True) + "\n"
    return {**obj, "metadata": {**metadata, "annotations": {**metadata["annotations"], APPLIED: last}}}


def difference(live: Object, wanted: Object) -> Object:
    """What has to change in `live`, and what was applied before and is not wanted any more."""
    before = json.loads(live["metadata"].get("annotations", {}).get(APPLIED) or "{}")
    return _different(live, wanted, before)


def _different(live: Any, wanted: Object, before: Any) -> Object:
    out: Object = {}
    for key, value in wanted.items():
        there = live.get(key) if isinstance(live, dict) else None
        if isinstance(value, dict):
            below = _different(there or {}, value, (before or {}).get(key) or {})
            if below or there is None:
                out[key] = below
        elif value != there:
            if key == "ownerReferences":
                out["$setElementOrder/ownerReferences"] = [{"uid": one["uid"]} for one in value]
            out[key] = value
    for key in before or {}:
        if key not in wanted and isinstance(live, dict) and key in live:
            out[key] = None
    return out


_VERBS: dict[str, Callable[[Kubectl, Api, list[str], dict[str, str], str], Ended]] = {
    "annotate": _annotate,
    "apply": _apply,
    "get": _get,
    "scale": _scale,
    "wait": _wait,
}
