"""What we may do. Asked of the API servers, verb by verb: a role is only as good as its last edit."""

from __future__ import annotations

from portkey_migrate.checks import check
from portkey_migrate.model import Answer, block, ok
from portkey_migrate.systems.at import At


@check(
    guards=("prepared", "started", "routed", "protected", "committed"),
    situation="permission-missing",
    sources="domain 3.1 no. 8, B59; real/ C (SSAR)",
)
def permissions_suffice(at: At) -> Answer:
    """Every call that the whole move and its way back will send is allowed, on both sides."""
    asked, refused = 0, []
    for verb, side, kind, namespace in sorted({(will.verb, will.ref.system, will.ref.kind, will.ref.namespace) for will in at.will}):
        if side not in ("source", "target"):
            continue
        asked += 1
        if not at.ask(side, "can-i", verb=verb, kind=kind, namespace=namespace)["allowed"]:
            refused.append(f"{verb} {kind} in {namespace or 'the cluster'} at the {side}")
    seen = {"value": asked - len(refused), "threshold": asked, "cluster": "both"}
    if refused:
        return block(f"not allowed: {'; '.join(refused)}", "give the role these verbs, then ask again", **seen)
    return ok(f"{asked} of {asked} kinds of call are allowed", **seen)
