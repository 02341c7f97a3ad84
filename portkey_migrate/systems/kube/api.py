"""One cluster as a `System`: looks, one mutating call at a time, and the questions that are no object.

A read may be repeated when the connection broke; a write never is. What a write came back with is one of three: it is old (`Conflict`), a
clear no (`SendRefused`), or nobody knows (`NoReply`).
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from portkey_migrate.errors import Conflict, NoReply, NotServed, SendRefused, Unreachable
from portkey_migrate.model import Change, Ref, Seen, dig, nest
from portkey_migrate.ports import Clock, Transport
from portkey_migrate.systems.kube import by_hand, operation, questions, secret
from portkey_migrate.systems.kube.kinds import kind_of, url
from portkey_migrate.systems.kube.wire import MERGE_PATCH, Answered, NoAnswer, Wire
from portkey_migrate.systems.settings import KubeContext

READ, WRITE = 15.0, 60.0  # seconds without a byte; a frozen etcd answers 504 after 60
_AGAIN = (0.2, 1.0)  # seconds before a read is repeated
_PAGE = "500"
_NOT_FOUND, _CONFLICT, _SERVER = 404, 409, 500
#: At the server's end of a watch it still sends the last lines.
_GRACE = 5.0
_BLIND = 0.5  # seconds between looks where a watch cannot be opened


class Kube:
    """One cluster's API. Thread-safe: connections belong to threads, tokens are counted under a lock."""

    def __init__(
        self, side: str, context: KubeContext, transport: Transport, clock: Clock, *, hmac_key: bytes = b"", peers: Mapping[str, Kube] | None = None
    ) -> None:
        """`peers`: both sides, filled by who connects them: a Secret is copied from one API to the other inside one send."""
        self.side, self.context, self._clock, self._key = side, context, clock, hmac_key
        self._peers = peers if peers is not None else {}
        self._wire = Wire(context.kubeconfig, context.name, transport, clock)
        self._sent: set[str] = set()
        self._lock = threading.Lock()
        self._looked = threading.local()

    def identity(self) -> tuple[str, str]:
        """The kube-system Namespace's uid and the SHA-256 of the CA that the kubeconfig trusts ("" where it names none)."""
        uid = self.read(Ref(self.side, "Namespace", "", "kube-system")).uid
        if not uid:
            raise Unreachable(f"the {self.side} has no Namespace kube-system", why=f"context {self.context.name}")
        return uid, self._wire.ca_sha256

    # ---- looks ----

    def read(self, ref: Ref) -> Seen:
        kind = "Application" if ref.kind == "Operation" else ref.kind
        thing = self.raw(kind, ref.namespace, ref.name)
        self._remember(kind, ref.namespace, ref.name, thing)
        if thing is None:
            return Seen(None)
        meta = thing["metadata"]
        shown = operation.seen(thing) if ref.kind == "Operation" else self._shown(kind, thing)
        return Seen(shown, str(meta.get("resourceVersion", "")), str(meta.get("uid", "")), "deletionTimestamp" in meta)

    def raw(self, kind: str, namespace: str, name: str) -> Mapping[str, Any] | None:
        """One object as it is, a Secret with its values: for this room alone."""
        answered = self.get(url(kind, namespace, name), f"{kind} {name}")
        if not answered.ok and not answered.of_an_object:
            raise self._not_served(kind)
        return answered.json if answered.ok else None

    def list(self, kind: str, namespace: str = "") -> tuple[Sequence[Mapping[str, Any]], str]:
        items: list[Mapping[str, Any]] = []
        version, more = "", ""
        while True:
            query = {"limit": _PAGE, **({"continue": more} if more else {})}
            answered = self.get(url(kind, namespace), f"{kind}s of {namespace or 'the cluster'}", query)
            if not answered.ok:
                raise self._not_served(kind)  # of a Namespace that is not there the list is empty
            page = answered.json
            items += [self._shown(kind, one) for one in page.get("items") or []]
            version = str(dig(page, "metadata.resourceVersion") or "")
            more = str(dig(page, "metadata.continue") or "")
            if not more:
                return items, version

    def watch(self, kind: str, namespace: str, since: str, timeout: float) -> None:
        kind = "Application" if kind == "Operation" else kind
        if not since:
            try:
                since = self._list_after_looks(kind, namespace)
            except NotServed:
                self._clock.sleep(min(timeout, _BLIND))  # the next look says so
            if not since:
                return
        # The server ends a watch at whole seconds; the wire's own time-out ends one that should last less, or whose server is silent.
        seconds = max(1, math.ceil(timeout))
        query = {"watch": "1", "resourceVersion": since, "timeoutSeconds": str(seconds)}
        try:
            for event in self._wire.lines(url(kind, namespace), query, timeout if timeout < seconds else seconds + _GRACE):
                if event.get("type") != "BOOKMARK":
                    return  # a change, or the 410 of an old version: either way the next look says what is so
        except NoAnswer as error:
            if not error.late:
                # A dead API is named by the next look; until then this must not spin.
                self._clock.sleep(min(timeout, _BLIND))

    def ask(self, question: str, **values: Any) -> Mapping[str, Any]:
        return questions.ask(self, question, **values)

    def get(self, path: str, what: str, query: Mapping[str, str] | None = None) -> Answered:
        """One GET, repeated when the connection broke or the server failed; 404 is an answer, anything else not 2xx raises `Unreachable`."""
        return self.look("GET", path, what, query=query)

    def look(self, method: str, path: str, what: str, *, query: Mapping[str, str] | None = None, body: Mapping[str, Any] | None = None) -> Answered:
        """As `get`, for what changes nothing though it is a POST (a review, a dry run); a clear no to a POST is an answer too."""
        last, late = "", 0
        for wait in (*_AGAIN, 0.0):
            try:
                answered = self._wire.call(method, path, query=query, body=body, timeout=READ)
            except NoAnswer as error:
                last, late = error.how, late + error.late
                if late > 1:
                    break  # one reply may be lost on the way; who waits twice in vain asks a dead server
            else:
                if answered.ok or answered.status == _NOT_FOUND or (method == "POST" and answered.status < _SERVER):
                    return answered
                last = f"{answered.status} {answered.reason}".strip()
                if answered.status < _SERVER and answered.status != 429:  # noqa: PLR2004 (HTTP's own number)
                    why = f"{last}: {answered.message}" if answered.message else last
                    raise Unreachable(f"the {self.side} cluster refuses to show {what}", why=why, status=answered.status)
            if wait:
                self._clock.sleep(wait)
        raise Unreachable(f"the {self.side} cluster does not answer", why=f"{what}: {last}", hint=f"{' '.join(self.context.kubectl)} version")

    def through(self, path: str, what: str) -> Answered:
        """One GET whose answer is somebody else's: any status is an answer; none at all is status 0."""
        try:
            return self._wire.call("GET", path, timeout=READ)
        except NoAnswer as error:
            if error.late:
                return Answered(0, error.how.encode())
            raise Unreachable(f"the {self.side} cluster does not answer", why=f"{what}: {error.how}") from None

    # ---- the one mutating call ----

    def send(self, change: Change, seen: Seen, token: str) -> None:
        with self._lock:
            if token in self._sent:
                raise RuntimeError(f"{token} was sent before: one attempt is one call")
            self._sent.add(token)
        ref, headers = change.ref, {"X-Portkey-Step": token}
        kind = "Application" if ref.kind == "Operation" else ref.kind
        one = url(kind, ref.namespace, ref.name)
        match change.call:
            case "create":
                self._write(ref, "POST", url(kind, ref.namespace), self._whole(change), headers)
            case "patch":
                patch = operation.patch(change, seen.object or {}) if ref.kind == "Operation" else nest(self._fields(change))
                patch["metadata"] = {**patch.get("metadata", {}), "resourceVersion": seen.version}
                self._write(ref, "PATCH", one, patch, headers, MERGE_PATCH)
            case "delete":
                options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": seen.uid}, "propagationPolicy": "Background"}
                self._write(ref, "DELETE", one, options, headers)

    def by_hand(self, change: Change) -> by_hand.Commands:
        return by_hand.words(change, {side: one.context.kubectl for side, one in {**self._peers, self.side: self}.items()})

    def close(self) -> None:
        """This thread's connections to the cluster."""
        self._wire.close()

    # ---- inside ----

    def _write(
        self, ref: Ref, method: str, path: str, body: Mapping[str, Any], headers: Mapping[str, str], content: str = "application/json"
    ) -> None:
        try:
            answered = self._wire.call(method, path, body=body, headers=headers, content=content, timeout=WRITE)
        except NoAnswer as error:
            raise NoReply(f"{method} {ref}: {error.how}") from None
        if not answered.ok:
            _judge(method, ref, answered)

    def _fields(self, change: Change) -> dict[str, Any]:
        """What is sent, a Secret's values in place of their HMACs."""
        fields = {**change.along, **(change.after or {})}
        copy_of = str(fields.pop("copy-of", ""))
        if change.ref.kind != "Secret":
            return fields
        wanted = {path: value for path, value in fields.items() if path == "data" or path.startswith("data.")}
        plain = {path: value for path, value in fields.items() if path not in wanted}
        data = {key: value for key, value in nest(wanted).get("data", {}).items() if value is not None}
        if data:
            side, namespace, name = copy_of.split("/") if copy_of else (self.side, change.ref.namespace, change.ref.name)
            original = {**self._peers, self.side: self}[side].raw("Secret", namespace, name)
            plain["data"] = secret.filled(self._key, data, original, copy_of)
        return plain

    def _whole(self, change: Change) -> dict[str, Any]:
        return by_hand.body(change, self._fields(change))

    def _not_served(self, name: str) -> NotServed | Unreachable:
        """Of a kind that comes with Kubernetes it is no answer: whatever says so is sick, or no Kubernetes."""
        kind = kind_of(name)
        said = f"the {self.side} serves no {kind.argument} ({kind.api_version})"
        if not kind.brought_by:
            return Unreachable(said, hint=f"{' '.join(self.context.kubectl)} version")
        return NotServed(f"{said}, which {kind.brought_by} brings", why=f"install {kind.brought_by} on the {self.side}")

    def _shown(self, kind: str, thing: Mapping[str, Any]) -> Mapping[str, Any]:
        return secret.masked(self._key, thing) if kind == "Secret" else thing

    def _remember(self, kind: str, namespace: str, name: str, thing: Mapping[str, Any] | None) -> None:
        looked = self._looked.__dict__.setdefault("at", {})
        looked[kind, namespace, name] = str(dig(thing or {}, "metadata.resourceVersion") or "")

    def _list_after_looks(self, kind: str, namespace: str) -> str:
        """The version to watch from where a look was no LIST; "" when an object changed between that look and now, and a watch would miss it."""
        looked = self._looked.__dict__.setdefault("at", {})
        mine = {key: version for key, version in looked.items() if key[0] == kind and namespace in ("", key[1])}
        things, version = self.list(kind, namespace)
        now = {
            (kind, one["metadata"].get("namespace", ""), one["metadata"]["name"]): str(one["metadata"].get("resourceVersion", "")) for one in things
        }
        for key in mine:
            looked.pop(key)
        return version if all(now.get(key, "") == version_then for key, version_then in mine.items()) else ""


def _judge(method: str, ref: Ref, answered: Answered) -> NoReturn:
    # A Secret's own refusal may quote it.
    message = "" if ref.kind == "Secret" else answered.message
    if answered.status == _CONFLICT or (answered.status == _NOT_FOUND and method != "POST"):
        raise Conflict(f"{method} {ref}: {answered.status} {answered.reason}")
    if answered.status >= _SERVER:
        raise NoReply(f"{method} {ref}: {answered.status} {answered.reason}")
    raise SendRefused(answered.status, answered.reason, message)
