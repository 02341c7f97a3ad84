"""What a page is printed on: how wide, whether in colour, whether the symbols can be shown. Nothing of its content lives here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, NamedTuple

_SYMBOLS = {"✔": "32", "✖": "31", "◐": "33", "‖": "36", "○": "2", "▌": "31"}
_ASCII = str.maketrans({"✔": "+", "✖": "x", "◐": "~", "‖": "=", "○": "o", "▌": "|", "▏": "|", "→": ">", "·": "-", "—": "-", "≥": ">", "≤": "<"})


class Paper(NamedTuple):
    width: int = 0  # 0: nobody looks at it (a pipe, a file); one line stays one line
    colour: bool = False
    ascii: bool = False

    def print(self, text: str) -> str:
        """The text as this paper can show it. Each symbol has a word beside it, so that nothing is lost without colour."""
        if self.ascii:
            text = text.translate(_ASCII)
        if self.colour:
            for symbol, code in _SYMBOLS.items():
                text = text.replace(symbol, f"\x1b[{code}m{symbol}\x1b[0m")
        return text


def paper_of(stream: IO[str], environ: Mapping[str, str]) -> Paper:
    """What a stream shows, by the conventions that people set: NO_COLOR, FORCE_COLOR, TERM=dumb, COLUMNS."""
    looked_at = stream.isatty()
    colour = looked_at and environ.get("TERM") != "dumb"
    if environ.get("FORCE_COLOR"):
        colour = True
    if environ.get("NO_COLOR"):
        colour = False
    columns = environ.get("COLUMNS", "")
    width = int(columns) if columns.isdigit() else 0
    if not width and looked_at:
        import shutil

        width = shutil.get_terminal_size().columns
    return Paper(width, colour, not _shows_symbols(stream))


def _shows_symbols(stream: IO[str]) -> bool:
    try:
        "✔◐‖→".encode(getattr(stream, "encoding", None) or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True
