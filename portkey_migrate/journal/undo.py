"""The way back in words and commands: one page a subject under state/undo/, readable and runnable without the tool.

A page is replaced whole by an atomic rename and synced, so that a person never finds half of one, and what the newest synced intent needs
is on disk before its send.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from portkey_migrate.journal.file import make_folder, sync_folder


def page_of(state: Path, subject: str) -> Path:
    """`app/speedtest` is state/undo/app-speedtest.md. What could leave the folder is written as an underscore."""
    return state / "undo" / (re.sub(r"[^A-Za-z0-9._-]", "_", subject.replace("/", "-", 1)) + ".md")


def write(state: Path, subject: str, text: str) -> Path:
    page = page_of(state, subject)
    make_folder(page.parent)
    new = page.with_name(page.name + ".new")
    fd = os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(fd, 0o600)  # it may be one that a killed writer left
        data = memoryview(text.encode())
        while data:
            data = data[os.write(fd, data) :]
        os.fsync(fd)
    finally:
        os.close(fd)
    new.replace(page)
    sync_folder(page.parent)
    return page


def remove(state: Path, subject: str) -> None:
    page = page_of(state, subject)
    if page.exists():
        page.unlink()
        sync_folder(page.parent)
