"""A request, a response, a refusal: the shapes of the Kubernetes API without a socket.

Each refusal is one `Status` body; its texts are those measured on a real 1.35.4 (real/ C), because people and the tool read them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from portkey_migrate.lab.api.rights import User
from portkey_migrate.lab.kinds import Kind
from portkey_migrate.lab.store import Object, Store


class Ground(Protocol):
    """The world, as far as the API sees it."""

    store: Store
    tokens: dict[str, dict[str, User]]  # cluster → bearer token → who that is
    releases: dict[str, str]  # cluster → git version

    @property
    def now(self) -> float: ...

    def pod_answers(self, cluster: str, namespace: str, name: str, port: int, path: str) -> tuple[int, dict[str, str], bytes] | None:
        """What a Pod answers to one GET on a port; None: nothing listens there."""
        ...


@dataclass(frozen=True)
class Request:
    method: str
    path: str  # decoded, without the query
    query: Mapping[str, str]
    headers: Mapping[str, str]  # lower-case names
    body: bytes = b""
    actor: str = ""  # who, in the ledger; "" takes the user of the token
    session: str = ""  # a session of the tool; "" for guests

    @classmethod
    def of(cls, method: str, target: str, headers: Mapping[str, str], body: bytes = b"", *, actor: str = "", session: str = "") -> Request:
        """From a request line's target: `/api/v1/pods?limit=5`."""
        parts = urlsplit(target)
        return cls(
            method,
            unquote(parts.path),
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            {key.lower(): value for key, value in headers.items()},
            body,
            actor,
            session,
        )


@dataclass(frozen=True)
class Response:
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def encoded(thing: Any) -> bytes:
    """JSON as the server writes it: compact, with a newline at its end."""
    return json.dumps(thing, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def answer(status: int, thing: Any, headers: Mapping[str, str] | None = None) -> Response:
    return Response(status, {"Content-Type": "application/json", **(headers or {})}, encoded(thing))


class Cause(NamedTuple):
    """One reason of a 422: which field, what about it."""

    reason: str  # FieldValueInvalid …
    field: str
    message: str


class Refused(Exception):
    """One Status body. Raised anywhere below `handle`."""

    def __init__(
        self, code: int, reason: str, message: str, details: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.reason, self.message, self.details, self.headers = code, reason, message, details, dict(headers or {})

    @property
    def status(self) -> Object:
        body: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message}
        if self.reason:
            body["reason"] = self.reason
        if self.details is not None:
            body["details"] = dict(self.details)
        body["code"] = self.code
        return body

    @property
    def response(self) -> Response:
        return answer(self.code, self.status, self.headers)


def about(kind: Kind, name: str = "", noun: str = "") -> dict[str, Any]:
    """The `details` of a Status: name, group, kind, each only where there is one."""
    out = {"name": name, "group": kind.group, "kind": noun or kind.resource}
    return {key: value for key, value in out.items() if value}


def bad(message: str) -> Refused:
    return Refused(400, "BadRequest", message)


def not_found(kind: Kind, name: str) -> Refused:
    return Refused(404, "NotFound", f'{kind.qualified} "{name}" not found', about(kind, name))


def no_such_resource() -> Refused:
    return Refused(404, "NotFound", "the server could not find the requested resource", {})


def not_allowed() -> Refused:
    return Refused(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})


def conflict(kind: Kind, name: str) -> Refused:
    text = "the object has been modified; please apply your changes to the latest version and try again"
    return Refused(409, "Conflict", f'Operation cannot be fulfilled on {kind.qualified} "{name}": {text}', about(kind, name))


def other_uid(kind: Kind, name: str, wanted: str, stands: str) -> Refused:
    text = f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {stands}"
    return Refused(409, "Conflict", f'Operation cannot be fulfilled on {kind.qualified} "{name}": {text}', about(kind, name))


def precondition(kind: Kind, name: str, what: str, wanted: str, stands: str) -> Refused:
    """A DELETE whose uid or resourceVersion is another: here the details name the kind, not the resource (measured)."""
    noun = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
    label, end = ("UID", "deleted and then recreated") if what == "uid" else ("ResourceVersion", "modified")
    text = f"the {label} in the precondition ({wanted}) does not match the {label} in record ({stands}). The object might have been {end}"
    return Refused(409, "Conflict", f'Operation cannot be fulfilled on {noun} "{name}": {text}', about(kind, name, kind.kind))


def exists(kind: Kind, name: str, *, going: bool) -> Refused:
    front = "object is being deleted: " if going else ""
    return Refused(409, "AlreadyExists", f'{front}{kind.qualified} "{name}" already exists', about(kind, name))


def forbidden(kind: Kind, name: str, why: str, causes: list[dict[str, Any]] | None = None) -> Refused:
    front = f'{kind.qualified} "{name}"' if name else kind.qualified
    details = about(kind, name)
    if causes:
        details["causes"] = causes
    return Refused(403, "Forbidden", f"{front} is forbidden: {why}", details)


def invalid(noun: str, group: str, name: str, causes: list[Cause]) -> Refused:
    """422 with every cause; `noun` is the kind's name."""
    front = f"{noun}.{group}" if group else noun
    lines = [f"{cause.field}: {cause.message}" for cause in causes]
    text = lines[0] if len(lines) == 1 else "[" + ", ".join(lines) + "]"
    details: dict[str, Any] = {"name": name, "group": group, "kind": noun}
    details = {key: value for key, value in details.items() if value}
    details["causes"] = [{"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in causes]
    return Refused(422, "Invalid", f'{front} "{name}" is invalid: {text}', details)


def wrong(field_: str, value: Any, why: str) -> Cause:
    """An `Invalid value` as the API words it: strings in quotes, numbers bare."""
    return Cause("FieldValueInvalid", field_, f"Invalid value: {json.dumps(value)}: {why}")


def missing(field_: str, why: str = "") -> Cause:
    return Cause("FieldValueRequired", field_, f"Required value: {why}" if why else "Required value")


def unsupported(field_: str, value: Any, known: tuple[str, ...]) -> Cause:
    return Cause(
        "FieldValueNotSupported", field_, f"Unsupported value: {json.dumps(value)}: supported values: " + ", ".join(f'"{one}"' for one in known)
    )
