"""The key under which Secrets' values are compared: state/hmac.key, made with the journal, one a lineage.

It lies beside the journal and not in it: a journal is copied, shown and sent to people who help, and with the key a short password could be
guessed from its HMAC. The journal keeps the key's digest alone, so that a lost or foreign key is an error and never a "somebody was here".
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

from portkey_migrate.errors import JournalUnusable
from portkey_migrate.journal.file import sync_folder

NAME: Final = "hmac.key"


def digest(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()


def make(state: Path, key: bytes) -> str:
    """Writes the key, synced, before the journal that names its digest; returns that digest."""
    new = state / f"{NAME}.new"
    fd = os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(fd, 0o600)
        os.write(fd, key.hex().encode())
        os.fsync(fd)
    finally:
        os.close(fd)
    new.replace(state / NAME)
    sync_folder(state)
    return digest(key)


def load(state: Path, expected: str) -> bytes:
    path = state / NAME
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        key = b""
    if digest(key) != expected:
        raise JournalUnusable(
            f"{path} is not the key that this journal was written with",
            why="Secrets are recorded as HMACs under it; without it none can be compared",
        )
    return key
