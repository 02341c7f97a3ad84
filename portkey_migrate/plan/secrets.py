"""A secret in clear, found and never echoed. Git keeps what a plan once held, so it is refused in comments too."""

from __future__ import annotations

import re
from collections.abc import Iterator

HIDDEN = "(not shown)"

_SHAPES = re.compile(
    r"""
    PVE(?:API|Auth)\w*=\S+                                   # Proxmox VE: an API token or a cookie
    | \b[\w.+-]+@(?:pam|pve|[\w-]+)![\w.-]+[=:\s]+[0-9a-f]{8}-[0-9a-f-]{27}   # user@realm!id=uuid
    | -----BEGIN[ ][A-Z0-9 ]*(?:PRIVATE[ ]KEY|CERTIFICATE)-----
    | \bBearer\s+[\w.~+/=-]{8,}
    | \beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]+)?                 # a JWT: service accounts, OIDC
    | \b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|hvs\.|sk-|AGE-SECRET-KEY-|K10[0-9a-f]{40})[\w-]{8,}
    | \bAKIA[0-9A-Z]{16}\b
    | \b[a-z][a-z0-9+.-]*://[^\s/:@]*:[^\s/@]+@              # a URL with a password
    """,
    re.VERBOSE | re.IGNORECASE,
)
#: A long run that mixes cases and digits is nothing that a person decides: a key, a token, base64.
_RUN = re.compile(r"(?<![\w+/=-])[A-Za-z0-9+/_=-]{32,}")
_KEY = re.compile(
    r"(?:^|[-. ])(?:password|passwd|passphrase|pwd|token|secret|api-?key|private-?key|access-?key|credentials?|authorization)$", re.IGNORECASE
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_MAYBE_KEY = re.compile(r"(?:pass|pwd|token|secret|key|credential|authorization)\w*[\"']?\s*:", re.IGNORECASE)
#: `password: hunter2` inside a text or a comment.
_SAID = re.compile(r"\b(?:password|passwd|passphrase|token|secret|api[-_]?key)\s*[:=]\s*(?!\s|$)[^\s,;}\]]{4,}", re.IGNORECASE)


def is_key(name: str) -> bool:
    """Whether a key says that its value is a secret."""
    return bool(_KEY.search(_CAMEL.sub("-", name.strip()).replace("_", "-")))


def may_hold_keys(text: str) -> bool:
    """A cheap look at a whole file, so that a plan without such words is not walked for them."""
    return bool(_MAYBE_KEY.search(text))


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Where secrets stand in a text, by their shape."""
    for match in _SHAPES.finditer(text):
        yield match.span()
    for match in _RUN.finditer(text):
        run = match[0]
        if re.search(r"[a-z]", run) and re.search(r"[A-Z]", run) and re.search(r"\d", run):
            yield match.span()


def said(text: str) -> Iterator[tuple[int, int]]:
    """Where a text says `password: …`. Not for whole files: there a key of the YAML looks the same."""
    for match in _SAID.finditer(text):
        yield match.span()


def holds(text: str) -> bool:
    """Whether one value holds a secret."""
    return any(True for _ in spans(text)) or any(True for _ in said(text))


def hide(text: str) -> str:
    """The text with every secret taken out: the last thing that happens to a message before it leaves this room."""
    for start, end in sorted({*spans(text), *said(text)}, reverse=True):
        text = f"{text[:start]}{HIDDEN}{text[end:]}"
    return text
