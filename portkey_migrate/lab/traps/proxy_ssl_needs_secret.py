"""ingress-nginx reads its proxy-ssl-* annotations only together with proxy-ssl-secret."""

from __future__ import annotations

from collections.abc import Mapping

from portkey_migrate.lab.traps import Trap

TRAP = Trap(
    "proxy-ssl-needs-secret",
    source="real/README.md §4.17; ingress-nginx annotations/proxyssl/main.go",
    says="Without proxy-ssl-secret no SNI is sent upstream and nothing is verified; people get 200 all the same, with a wrong certificate inside.",
)

PREFIX = "nginx.ingress.kubernetes.io/"


def sni(annotations: Mapping[str, str], *, bites: bool) -> str:
    """The name sent upstream, "" for none."""
    if annotations.get(PREFIX + "proxy-ssl-server-name") != "on":
        return ""
    if bites and not annotations.get(PREFIX + "proxy-ssl-secret"):
        return ""
    return annotations.get(PREFIX + "proxy-ssl-name", "")
