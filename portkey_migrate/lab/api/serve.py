"""`handle`: one request in, one response or one watch out. Who asks, may they, what is meant, and the ledger's line for what was refused."""

from __future__ import annotations

import json

from portkey_migrate.lab.api import discovery, rights, routing, verbs
from portkey_migrate.lab.api.lists import listed
from portkey_migrate.lab.api.message import Ground, Refused, Request, Response, bad, forbidden, no_such_resource, not_allowed, not_found
from portkey_migrate.lab.api.patch import refuse_media
from portkey_migrate.lab.api.review import reviewed
from portkey_migrate.lab.api.routing import Target
from portkey_migrate.lab.api.watch import Watch
from portkey_migrate.lab.kinds import CUSTOM, GROUPS, SERVED, Kind
from portkey_migrate.lab.store import By
from portkey_migrate.lab.truth import held

FACTS = (
    held("a method that there is not is 405", "tests/contract/test_objects.py::test_a_method_that_does_not_exist_is_not_allowed"),
    held("a body that is no JSON is 400", "tests/contract/test_objects.py::test_a_body_that_is_no_json_is_a_bad_request"),
)

_MUTATING = {"create": verbs.create, "update": verbs.update, "patch": verbs.patch, "delete": verbs.delete, "deletecollection": verbs.delete_all}
_OPTIONS = {
    "create": "CreateOptions",
    "update": "UpdateOptions",
    "patch": "PatchOptions",
    "delete": "DeleteOptions",
    "deletecollection": "DeleteOptions",
}


def handle(world: Ground, cluster: str, request: Request) -> Response | Watch:
    """Answers at the world's present moment. Never raises for what a client did."""
    try:
        user = rights.who(request.headers, world.tokens[cluster])
        if user is None:
            raise Refused(401, "Unauthorized", "Unauthorized")  # noqa: TRY301 - one place turns refusals into answers
        target = routing.target_of(request.path)
        if target is None:
            return _discovered(world, cluster, request, user)
        return _asked(world, cluster, request, user, target)
    except Refused as no:
        return no.response


def _discovered(world: Ground, cluster: str, request: Request, user: rights.User) -> Response:
    if not rights.may_read_path(user, request.path):
        raise Refused(403, "Forbidden", f'forbidden: User "{user.name}" cannot get path "{request.path}"', {})
    if request.method not in ("GET", "HEAD"):
        raise not_allowed()
    return discovery.said(request.path, world.releases[cluster])


def _asked(world: Ground, cluster: str, request: Request, user: rights.User, target: Target) -> Response | Watch:
    verb = routing.verb_of(request, target)
    kind = target.kind
    by = By(request.actor or user.name, request.session, request.headers.get("x-portkey-step", ""), verb)
    try:
        _refuse_rights(user, verb, target)
        if kind is None:
            if target.group not in GROUPS:
                return discovery.NO_GROUP
            custom = SERVED.get((target.group, target.version, target.resource))
            if custom is not None and custom.crd and target.name and target.namespace:
                raise not_found(custom, target.name)  # a door that a custom resource has not: said of the object (measured)
            if target.group in CUSTOM:
                return discovery.NO_GROUP  # no Status for what nobody defined (measured)
            raise no_such_resource()
        return _done(world, cluster, request, user, target, kind, by)
    except Refused as no:
        if verb in _MUTATING and (kind is None or kind.stored):
            name = kind.kind if kind else target.resource
            world.store.note(cluster, name, target.namespace if kind is None or kind.namespaced else "", target.name or _named(request), by, no.code)
        raise


def _named(request: Request) -> str:
    """The name in the body of a POST that was refused, for the ledger; "" where it cannot be read."""
    try:
        body = json.loads(request.body)
    except ValueError:
        return ""
    metadata = body.get("metadata") if isinstance(body, dict) else None
    return str(metadata.get("name", "")) if isinstance(metadata, dict) else ""


def _refuse_rights(user: rights.User, verb: str, target: Target) -> None:
    """RBAC comes before the kind's existence (measured), so its words need no kind of the table."""
    if target.resource in ("selfsubjectaccessreviews", "selfsubjectrulesreviews") and user.known:
        return
    asked = routing.asked_of(verb, target)
    if user.may(asked):
        return
    known = Kind("", target.group, target.version, target.resource)
    raise forbidden(known, target.name, rights.refusal(user, asked))


def _done(world: Ground, cluster: str, request: Request, user: rights.User, target: Target, kind: Kind, by: By) -> Response | Watch:  # noqa: C901 - the server's questions in their order
    verb = by.verb
    if not kind.stored:
        if verb != "create":
            raise not_allowed()
        return reviewed(kind.kind, user, verbs.body_of(request, kind))
    if kind.namespaced and not target.namespace and verb not in ("list", "watch"):
        raise not_allowed()
    call = verbs.Call(world, cluster, kind, target, request, by)
    if verb == "get":
        return verbs.proxied(call) if target.subresource == "proxy" else verbs.get(call)
    if verb == "list":
        return listed(world.store, cluster, kind, call.namespace, request)
    if verb == "watch":
        return Watch(world.store, cluster, kind, call.namespace, request, world.now)
    if verb == "patch" and kind.crd:
        refuse_media(kind, request.headers.get("content-type", ""))  # a custom resource's path reads this first (measured)
    if verb == "update" and kind.crd and not target.name:
        raise bad("name must be provided")
    if verb not in _MUTATING or (verb in ("update", "patch") and not target.name):
        raise not_allowed()
    if target.subresource == "proxy" or (target.subresource == "eviction" and verb != "create"):
        raise not_allowed()
    if request.query.get("fieldValidation", "") not in ("", "Ignore", "Warn", "Strict"):
        raise bad("fieldValidation: Unsupported value")
    dry = verbs.is_dry(request, _OPTIONS[verb])
    call = verbs.Call(world, cluster, kind, target, request, by, dry)
    answer = _MUTATING[verb](call)
    if dry:
        world.store.note(cluster, kind.kind, call.namespace, target.name or _named(request), by._replace(verb=f"{verb} dry-run"), answer.status)
    return answer
