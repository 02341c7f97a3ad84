"""ingress-nginx reads its proxy-ssl-* annotations only together with proxy-ssl-secret."""

from __future__ import annotations

from collections.abc import Mapping

from portkey_migrate.lab.traps import Trap
from portkey_migrate.lab.truth import read

TRAP = Trap(
    "proxy-ssl-needs-secret",
    says="Without proxy-ssl-secret no SNI is sent upstream and nothing is verified; people get 200 all the same, with a wrong certificate inside.",
    facts=(
        read("without the Secret's annotation the others are not looked at", "ingress-nginx internal/ingress/annotations/proxyssl/main.go:191 Parse"),
    ),
)

PREFIX = "nginx.ingress.kubernetes.io/"


def sni(annotations: Mapping[str, str], *, bites: bool) -> str:
    """The name sent upstream, "" for none."""
    if annotations.get(PREFIX + "proxy-ssl-server-name") != "on":
        return ""
    if bites and not annotations.get(PREFIX + "proxy-ssl-secret"):
        return ""
    return annotations.get(PREFIX + "proxy-ssl-name", "")
