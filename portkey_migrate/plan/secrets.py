"""A secret in clear, found and never echoed. Git keeps what a plan once held, so it is refused in comments too."""

from __future__ import annotations

import re
from collections.abc import Iterator

HIDDEN = "(not shown)"

#: A piece that a shape cannot be without (lower case), and the shape: the piece is looked for first, because a plan of a thousand apps is read often.
_SHAPES = tuple(
    (piece, re.compile(shape, re.IGNORECASE))
    for piece, shape in (
        ("pve", r"PVE(?:API|Auth)\w*=\S+"),  # Proxmox VE: an API token, a cookie
        ("!", r"\b[\w.+-]+@[\w-]+![\w.-]+[=:\s]+[0-9a-f]{8}-[0-9a-f-]{27}"),  # user@realm!id=uuid
        ("-----begin", r"-----BEGIN [A-Z0-9 ]*-----"),
        ("bearer", r"\bBearer\s+[\w.~+/=-]{8,}"),
        ("eyj", r"\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]+)?"),  # a JWT: service accounts, OIDC
        ("gh", r"\b(?:gh[pousr]_|github_pat_)\w{8,}"),
        ("glpat-", r"\bglpat-[\w-]{8,}"),
        ("xox", r"\bxox[abprs]-[\w-]{8,}"),
        ("hvs.", r"\bhvs\.[\w-]{8,}"),
        ("secret-key-", r"AGE-SECRET-KEY-\w{8,}"),
        ("k10", r"\bK10[0-9a-f]{40,}\S*"),  # the token that joins a K3s server
        ("akia", r"\bAKIA[0-9A-Z]{16}\b"),
        ("://", r"\b[a-z][a-z0-9+.-]*://[^\s/:@]*:[^\s/@]+@"),  # a URL with a password
    )
)
#: A long run that mixes cases and digits is nothing that a person decides: a key, a token, base64.
_LONG = 32
_RUN = re.compile(rf"[A-Za-z0-9+/_=-]{{{_LONG},}}")
_KEY = re.compile(
    r"(?:^|[-. ])(?:password|passwd|passphrase|pwd|token|secret|api-?key|private-?key|access-?key|credentials?|authorization)$", re.IGNORECASE
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_ENDS = ("password", "passwd", "passphrase", "pwd", "token", "secret", "key", "credential", "credentials", "authorization")
#: `password: hunter2` inside a text or a comment.
_SAID = re.compile(r"\b(?:password|passwd|passphrase|token|secret|api[-_]?key)\s*[:=]\s*(?!\s|$)[^\s,;}\]]{4,}", re.IGNORECASE)


def is_key(name: str) -> bool:
    """Whether a key says that its value is a secret."""
    return bool(_KEY.search(_CAMEL.sub("-", name.strip()).replace("_", "-")))


def may_hold_keys(text: str) -> bool:
    """A cheap look at a whole file, so that a plan without such words is not walked for them."""
    lower = text.lower()
    return any(word in lower and re.search(rf"{word}[\"']?\s*:", lower) for word in _ENDS)


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Where secrets stand in a text, by their shape."""
    lower = text.lower()
    for piece, shape in _SHAPES:
        if piece in lower:
            yield from (match.span() for match in shape.finditer(text))
    if any(len(word) >= _LONG for word in text.split()):
        for match in _RUN.finditer(text):
            if re.search(r"[a-z]", match[0]) and re.search(r"[A-Z]", match[0]) and re.search(r"\d", match[0]):
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
