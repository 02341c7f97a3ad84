"""What a person is told before an app comes back from Talos: what was written since, whether it is kept, how long, what else goes back.

What nobody measured is said to be not measured: an item that was counted by nobody is no zero.
"""

from __future__ import annotations

from collections.abc import Sequence

from portkey_migrate import machines
from portkey_migrate.engine.estimates import about
from portkey_migrate.errors import MigrateError
from portkey_migrate.journal import outages
from portkey_migrate.journal.rows import Row, Subject, Transition
from portkey_migrate.systems.at import At

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_K = 1024


def going_back(
    subject: Subject, at: At, moves: Sequence[Transition], begun: Sequence[tuple[Transition, Row]], back_takes: float, walkable: str
) -> str:
    """The whole question, in the order in which a person decides."""
    pivot = next((row.sent_at for move, row in reversed(begun) if move.reaches == machines.PIVOT and row.name.startswith("route:")), None)
    since = f" ({pivot:%a %Y-%m-%d %H:%M} UTC)" if pivot is not None else ""
    return (
        f"{subject.id}: since the pivot{since}: {written(at, begun)}; writes and items not measured. "
        f"Going back keeps them (same volume). Down {about(outages.asked_back(moves), back_takes)}. "
        f"True just now: {walkable or 'the way back was not looked at'}. Also goes back: nothing. Go?"
    )


def written(at: At, begun: Sequence[tuple[Transition, Row]]) -> str:
    """Bytes by `rbd diff` since the restore point inside the outage: nobody wrote between that and the pivot."""
    points = {row.name: row.change.ref.name.partition("@")[2] for _, row in begun if row.name.startswith("restore-point-t0:") and row.change}
    total = 0
    for volume in at.found.volumes if at.found is not None else ():
        point = points.get(f"restore-point-t0:ceph/{volume.image}")
        if point is None:
            return "bytes not measured (no restore point)"
        try:
            total += int(at.systems["ceph"].ask("changed", pool=volume.pool, image=volume.image, since=point)["bytes"])
        except (MigrateError, KeyError) as error:
            return f"bytes not measured ({error})"
    return f"about {size(total)} written at most" if at.found is not None and at.found.volumes else "bytes not measured"


def size(count: int) -> str:
    """`812 KiB`, three digits at most."""
    amount, unit = float(count), 0
    while amount >= _K and unit < len(_UNITS) - 1:
        amount, unit = amount / _K, unit + 1
    return f"{amount:.0f} {_UNITS[unit]}"
