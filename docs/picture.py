"""The README's picture: a terminal as SVG, from the demo's own output. `make picture`; nothing in it is typed by hand.

python docs/picture.py OUTPUT.txt PICTURE.svg
"""

from __future__ import annotations

import re
import sys
from html import escape
from pathlib import Path

WIDTH, LINE, CHAR, PAD, TOP = 100, 18, 8.4, 16, 40
MOST = 60  # lines; a longer output keeps its beginning and its end
COLOURS = {"✔": "#7ee787", "✖": "#ff7b72", "‖": "#e3b341", "◐": "#79c0ff", "!": "#e3b341"}
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def lines(text: str) -> list[str]:
    """What stood on the screen at the end: no colours, no overwritten progress, nothing wider than the picture."""
    out = [ANSI.sub("", line).rsplit("\r", 1)[-1].rstrip()[:WIDTH] for line in text.rstrip("\n").splitlines()]
    return out if len(out) <= MOST else [*out[: MOST // 2], "…", *out[-MOST // 2 :]]


def colour(line: str) -> str:
    """By the symbol that the line begins with; a command as it was typed stands out."""
    first = line.lstrip()[:1]
    return "#ffffff" if line.startswith("$ ") else COLOURS.get(first, "#c9d1d9")


def svg(text: str, title: str = "make demo") -> str:
    """One text element a line, so that it can be searched and read aloud."""
    shown = lines(text)
    width, height = round(WIDTH * CHAR + 2 * PAD), TOP + LINE * len(shown) + PAD
    rows = [
        f'<text x="{PAD}" y="{TOP + LINE * n + 12}" fill="{colour(line)}" xml:space="preserve">{escape(line)}</text>'
        for n, line in enumerate(shown)
        if line
    ]
    dots = "".join(f'<circle cx="{PAD + 6 + 20 * n}" cy="18" r="6" fill="{fill}"/>' for n, fill in enumerate(("#ff5f57", "#febc2e", "#28c840")))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}"',
            f'     width="{width}" height="{height}">',
            f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>',
            dots,
            f'<text x="{width / 2:.0f}" y="22" fill="#8b949e" text-anchor="middle" font-family="monospace" font-size="13">{escape(title)}</text>',
            '<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14">',
            *rows,
            "</g>",
            "</svg>",
            "",
        ]
    )


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(svg(Path(sys.argv[1]).read_text(encoding="utf-8")), encoding="utf-8")
