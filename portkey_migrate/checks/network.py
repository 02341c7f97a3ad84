"""The way people come: through the source's ingress, on to the target's when routed. Seen by asking it, never by reading what should be so.

All of it is asked at the source's address: that is where DNS points for as long as the move lasts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portkey_migrate.checks import ANEW, check
from portkey_migrate.checks.app import found_of
from portkey_migrate.model import Answer, Ref, block, dig, escape, not_yet, ok
from portkey_migrate.ports import Reply
from portkey_migrate.systems.at import At
from portkey_migrate.systems.names import MADE_BY_FIELD, PROBE, PROBE_PATH, key_path, key_url

_EXCLUDE = f"metadata.annotations.{escape('external-dns.alpha.kubernetes.io/exclude')}"
_OWNER = "--txt-owner-id"
_KNOWN_KEY = "probe-key"


def _good(reply: Reply) -> bool:
    return 200 <= reply.status < 300  # noqa: PLR2004 (HTTP's own numbers)


def _said(reply: Reply) -> str:
    return str(reply.status) if reply.status else f"nothing ({reply.error})"


def _key(at: At) -> str:
    """The key in the probe's redirect: of the move that made it, which need not be the one that asks. Read once a transition: polls ask for it."""
    known = at.mind.get(_KNOWN_KEY, "")
    if not known:
        seen = at.get(Ref("target", "Ingress", found_of(at).namespace, PROBE)).object
        known = at.mind[_KNOWN_KEY] = str(dig(seen or {}, MADE_BY_FIELD) or "")
    return str(known)


def _redirects(reply: Reply, key: str) -> bool:
    """Only the target's probe Ingress of this move answers so; a 503 proves nothing, the source's own looks the same."""
    return bool(key) and 300 <= reply.status < 400 and reply.headers.get("location", "").rstrip("/") == key_url(key).rstrip("/")  # noqa: PLR2004 (HTTP's own numbers)


@check(guards=("prepared", *ANEW, "committed"), situation="dns-two-owners", sources="domain 3.6 no. 98, B80; real/ B")
def dns_has_one_owner(at: At) -> Answer:
    """No external-dns of the target writes the host's records: both would take them from each other for ever."""
    source, target = _owners(at, "source"), _owners(at, "target")
    seen: dict[str, Any] = {"source": ", ".join(sorted(source)) or "none", "target": ", ".join(sorted(target)) or "none"}
    both = sorted(set(source) & set(target))
    seen |= {"value": len(both), "threshold": 0, "cluster": "both"}
    if both and not _excluded(at):
        return block(
            f"external-dns of both clusters writes as owner {', '.join(both)}",
            "commit to the target: external-dns off, or another txtOwnerId; or its Ingress excluded by annotation",
            **seen,
        )
    if both:
        return ok(f"both write as {', '.join(both)}, and the target's Ingress is excluded", **seen)
    return ok(f"owner at the source: {seen['source']}; at the target: {seen['target']}", **seen)


def _owners(at: At, side: str) -> dict[str, str]:
    """Owner id → Deployment, of every external-dns that runs. Without the flag it is `default`."""
    out = {}
    for one in at.list(side, "Deployment"):
        containers = dig(one, "spec.template.spec.containers") or []
        mine = [container for container in containers if "external-dns" in str(container.get("image", ""))]
        if mine and one["spec"].get("replicas", 1):
            args = [str(arg) for container in mine for arg in [*(container.get("command") or []), *(container.get("args") or [])]]
            out[_flag(args, _OWNER) or "default"] = str(one["metadata"]["name"])
    return out


def _flag(args: list[str], name: str) -> str:
    for n, arg in enumerate(args):
        if arg.startswith(f"{name}="):
            return arg.partition("=")[2]
        if arg == name and n + 1 < len(args):
            return args[n + 1]
    return ""


def _excluded(at: At) -> bool:
    """Whether the target's own Ingress of the app is there and left alone by external-dns."""
    found = found_of(at)
    seen: Mapping[str, Any] | None = at.get(Ref("target", "Ingress", found.namespace, found.ingress)).object
    return str(dig(seen or {}, _EXCLUDE)) == "true"


@check(situation="target-ingress-down", guards=ANEW, sources="design §3 (prepared); domain §2.0 T2; real/README.md §4.17")
def target_ingress_answers(at: At) -> Answer:
    """The whole way through the source's address reaches the target's ingress, seen by an answer that only that one can give."""
    found, key = found_of(at), _key(at)
    if not key:
        return block(f"the target has no Ingress {PROBE} of this move", cluster="target")
    reply = at.fetch(found.source_address, found.host, PROBE_PATH + key_path(key))
    seen: dict[str, Any] = {"value": reply.status, "threshold": f"redirect to {key_url(key)}", "address": found.source_address, "cluster": "target"}
    if not _redirects(reply, key):
        return not_yet(f"the way to the target's ingress answers {_said(reply)}", waits_for="the ingress controllers to load the probe", **seen)
    if found.tls_secret:
        sides = [at.get(Ref(side, "Secret", found.namespace, found.tls_secret)).object or {} for side in ("source", "target")]
        if not sides[0].get("data", {}).get("tls.crt") or sides[0]["data"]["tls.crt"] != sides[1].get("data", {}).get("tls.crt"):
            return block(f"the certificate of {found.host} is not the same on both sides", "make both Secrets equal, then ask again", **seen)
    return ok(f"{found.host} at {found.source_address} reaches the target's ingress", certificate=reply.certificate, **seen)


@check(situation="target-app-broken", when="moving", within=120.0, sources="domain §2.0 (smoke test), 3.6 no. 115")
def probe_answers(at: At) -> Answer:
    """The app on the target answers 2xx through the source's address, before anybody is sent there."""
    found = found_of(at)
    reply = at.fetch(found.source_address, found.host, PROBE_PATH + found.path)
    seen: dict[str, Any] = {"value": reply.status, "threshold": "2xx", "path": found.path, "address": found.source_address, "cluster": "target"}
    if _good(reply):
        return ok(f"{found.host}{found.path} on the target answers {reply.status}", **seen)
    return not_yet(f"{found.host}{found.path} on the target answers {_said(reply)}, wanted 2xx", waits_for="the app to answer", **seen)


@check(situation="route-not-taken", when="moving", sources="design §3 (routed); real/ §4.18")
def seen_from_outside(at: At) -> Answer:
    """People who come to the source's address are served by the target, and get 2xx."""
    found, key = found_of(at), _key(at)
    mark = at.fetch(found.source_address, found.host, key_path(key)) if key else Reply(0, {}, b"", error="no probe Ingress on the target")
    seen: dict[str, Any] = {"address": found.source_address, "path": found.path, "threshold": "2xx by the target", "cluster": "target"}
    if not _redirects(mark, key):
        return not_yet(
            f"the route is not live: {key_path(key)} answers {_said(mark)}",
            value=mark.status,
            waits_for="the source's ingress to load the route",
            **seen,
        )
    reply = at.fetch(found.source_address, found.host, found.path)
    if not _good(reply):
        return not_yet(f"{found.host}{found.path} answers {_said(reply)} by the target", value=reply.status, waits_for="the app to answer", **seen)
    return ok(f"{found.host}{found.path} answers {reply.status}, served by the target", value=reply.status, **seen)


@check(situation="route-not-given-back", when="moving", asked_of=("source",), sources="design §3 (back)")
def seen_at_the_source(at: At) -> Answer:
    """People who come to the source's address are served by the source again, and get 2xx."""
    found = found_of(at)
    seen: dict[str, Any] = {"address": found.source_address, "path": found.path, "threshold": "2xx by the source", "cluster": "source"}
    key = _key(at)
    if key:
        mark = at.fetch(found.source_address, found.host, key_path(key))
        if _redirects(mark, key) or not mark.status:
            what = "the target still answers" if mark.status else f"nothing answers ({mark.error})"
            return not_yet(f"{what} at {found.source_address}", value=mark.status, waits_for="the source's ingress to load the route", **seen)
    reply = at.fetch(found.source_address, found.host, found.path)
    if not _good(reply):
        return not_yet(f"{found.host}{found.path} answers {_said(reply)}", value=reply.status, waits_for="the app to answer", **seen)
    return ok(f"{found.host}{found.path} answers {reply.status}, served by the source", value=reply.status, **seen)
