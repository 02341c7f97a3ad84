"""What runs over the lab's socket: a length, one line of JSON, and bytes. Standard library alone: the tool's end imports it too."""

from __future__ import annotations

import json
import struct
from typing import Any

Header = dict[str, Any]
Frame = tuple[Header, bytes]

_LENGTH = struct.Struct(">I")


def pack(header: Header, body: bytes = b"") -> bytes:
    """One frame as it goes over the socket."""
    line = json.dumps(header, separators=(",", ":"), default=str).encode()
    return _LENGTH.pack(len(line) + 1 + len(body)) + line + b"\n" + body


class Unpacker:
    """Bytes in any portions, whole frames out."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        self._held += data
        out: list[Frame] = []
        while len(self._held) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._held)
            end = _LENGTH.size + length
            if len(self._held) < end:
                break
            line, _, body = bytes(self._held[_LENGTH.size : end]).partition(b"\n")
            del self._held[:end]
            out.append((json.loads(line), body))
        return out
