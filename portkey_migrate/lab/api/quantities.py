"""Quantities as the API keeps them: whoever writes "1000000" reads "1M"."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from portkey_migrate.lab.truth import held

FACTS = (held("1000000 is kept as 1M", "tests/real/regressions/fence-is-lifted-to-1M.yaml"),)

_SHAPE = re.compile(r"([+-]?\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]?)")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


def canonical(value: Any) -> Any:
    """The same quantity with the largest suffix that leaves a whole number; what is no quantity comes back as it is."""
    found = _SHAPE.fullmatch(str(value))
    if found is None:
        return value
    number, suffix = Decimal(found.group(1)), found.group(2)
    if suffix in _BINARY:
        return _written(number * 1024 ** _BINARY[suffix], [(name, Decimal(1024) ** power) for name, power in _BINARY.items()], str(value))
    return _written(number.scaleb(_DECIMAL[suffix]), [(name, Decimal(1).scaleb(power)) for name, power in _DECIMAL.items()], str(value))


def _written(number: Decimal, units: list[tuple[str, Decimal]], given: str) -> str:
    if number == 0:
        return "0"
    for name, size in reversed(units):
        if number % size == 0:
            return f"{int(number / size)}{name}"
    return given
