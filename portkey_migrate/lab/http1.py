"""HTTP/1.1 as the lab reads and writes it on a channel: requests with a Content-Length, answers with one, watches in chunks."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

_END = b"\r\n\r\n"


class BadRequestError(Exception):
    """Bytes that are no request; the connection is closed on them."""


class Requests:
    """Bytes in any portions, whole requests out: (method, target, headers with lower-case names, body)."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> list[tuple[str, str, dict[str, str], bytes]]:
        self._held += data
        out = []
        while _END in self._held:
            head, _, rest = self._held.partition(_END)
            first, *lines = head.decode("latin-1").split("\r\n")
            try:
                method, target, _ = first.split(" ", 2)
                headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                length = int(headers.get("content-length", "0"))
            except ValueError:
                raise BadRequestError(first) from None
            if "transfer-encoding" in headers:
                raise BadRequestError("a request in chunks")
            if len(rest) < length:
                break
            out.append((method, target, headers, rest[:length]))
            self._held = rest[length:]
        return out


def reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def answer(status: int, headers: Mapping[str, str], body: bytes, phrase: str = "") -> bytes:
    """`phrase`: the reason in place of the status's own; Proxmox says there what is wrong."""
    return _head(status, {**headers, "Content-Length": str(len(body))}, phrase) + body


def stream(status: int, headers: Mapping[str, str]) -> bytes:
    """The head of an answer that comes in chunks."""
    return _head(status, {**headers, "Transfer-Encoding": "chunked"})


def chunk(data: bytes) -> bytes:
    """One portion of a stream; empty is its end."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def _head(status: int, headers: Mapping[str, str], phrase: str = "") -> bytes:
    lines = [f"HTTP/1.1 {status} {' '.join(phrase.split()) or reason(status)}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode("latin-1") + _END
