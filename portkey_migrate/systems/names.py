"""Names of ours in the clusters: one home, so that steps, checks and a person's undo page speak of the same objects."""

from __future__ import annotations

import re
from collections.abc import Iterable

from portkey_migrate.model import escape

FENCE = "pm-fence"  # ResourceQuota in the app's namespace, both sides
FENCE_ON, FENCE_OFF = "0", "1M"  # `hard.pods`: nothing can start; a huge number, spelled as the API keeps it: "1000000" reads back as "1M"
PROXY = "pm-proxy"  # source: Service without selector, and its EndpointSlice → the target's ingress
CLOSED = "pm-closed"  # source: Service without endpoints → 503
PROBE = "pm-probe"  # Ingress on both sides
PROBE_PATH = "/.portkey-migrate"  # source's probe Ingress: this prefix is cut off (rewrite-target) and the rest goes to the target's ingress

MADE_BY = "portkey-migrate.io/made-by"  # annotation on everything of ours: K
MARK = "portkey-migrate.io/mark"  # annotation that moves an object's version, so that a late twin is refused

_KEY = re.compile(r"pm-[0-9a-f]{4}-\d+")  # a transition's key

MADE_BY_FIELD = f"metadata.annotations.{escape(MADE_BY)}"
MARK_FIELD = f"metadata.annotations.{escape(MARK)}"


def key_path(key: str) -> str:
    """The path that only the target's probe Ingress answers, by a redirect to `key_url`."""
    return f"/.{key}"


def key_url(key: str) -> str:
    """Where that redirect points: a name that only we can have given. `.invalid` never resolves (RFC 2606)."""
    return f"https://{key}.portkey-migrate.invalid/"


def nginx(name: str) -> str:
    """The field path of one of ingress-nginx's annotations."""
    return f"metadata.annotations.{escape('nginx.ingress.kubernetes.io/' + name)}"


def ours(names: Iterable[str]) -> list[str]:
    """Which of a VM's snapshots were made by a move: by their names alone, Proxmox keeps no other mark that is compared."""
    return [name for name in names if _KEY.fullmatch(name)]


def lineage_of(key: str) -> str:
    """The journal that a key is of, by its first characters."""
    return key.rsplit("-", 1)[0]
