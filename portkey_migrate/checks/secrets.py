"""What writes Secrets by itself: a generator that runs while its source is away invents new ones (domain B31)."""

from __future__ import annotations

from portkey_migrate.checks import check
from portkey_migrate.model import Answer, block, dig, ok
from portkey_migrate.systems.at import At

_GENERATOR = "secret-generator"


@check(guards=("prepared", "quiesced"), methods=("handover",), situation="secret-generator-runs", sources="domain B31, 3.6 no. 108")
def secret_generator_is_quiet(at: At) -> Answer:
    """No Job of the secret generator runs on either side: while Vaultwarden is away it would make new passwords and write them back."""
    active = [
        f"{one['metadata']['namespace']}/{one['metadata']['name']} at the {side}"
        for side in ("source", "target")
        for one in at.list(side, "Job")
        if one["metadata"]["name"].startswith(_GENERATOR) and dig(one, "status.active")
    ]
    seen = {"value": len(active), "threshold": 0, "cluster": "both"}
    if active:
        return block(f"runs: {', '.join(active)}", "wait for its end; on the target exclude the Job until the app stands there", **seen)
    return ok("no Job of it runs", **seen)
