"""What became of people's data: which acknowledged writes are missing, and for how long two writers had one thing open (lab.md 17, 18).

A data item is what people think of as one: an app's claim with every image that ever stood for it on either cluster. Both are computed
from the lab's own intervals; a world's history before our first write counts for nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from portkey_migrate.lab.ceph import Image, ceph, opens
from portkey_migrate.lab.records import Records, count, minus
from portkey_migrate.lab.town import town

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World


class Double(NamedTuple):
    """Seconds for which two clients had one item open for writing."""

    same_image: float
    split_brain: float


def lost(world: World, app: str, since: float) -> Records:
    """Writes that people were told are safe, and that the image that serves does not hold."""
    people = town(world).users
    if app not in people.apps or not people.apps[app].writes:
        return ()
    written = people.wrote(app, since, world.now)
    serving = next((one.image for one in reversed(people.series[app]) if one.image), "")
    image = next((one for one in ceph(world).images.values() if one.name == serving), None)
    return minus(written, ceph(world).content(world, image)) if image is not None else written


def lost_writes(world: World, app: str, since: float) -> int:
    return count(lost(world, app, since))


def doubles(world: World, app: str, since: float) -> Double:
    """Over every image of every claim of an app's namespace; from our first write on."""
    begins = max(since, _first_of_ours(world))
    items: dict[str, list[Image]] = {}
    for image in [*ceph(world).images.values(), *ceph(world).deleted]:
        if image.item.partition("/")[0] == app:
            items.setdefault(image.item, []).append(image)
    same = split = 0.0
    for images in items.values():
        all_of_them = [(image.name, one) for image in images for one in opens(image)]
        for n, (name, one) in enumerate(all_of_them):
            for other_name, other in all_of_them[n + 1 :]:
                both = min(one.end, other.end, world.now) - max(one.start, other.start, begins)
                if both > 0 and name == other_name:
                    same += both
                elif both > 0:
                    split += both
    return Double(same, split)


def _first_of_ours(world: World) -> float:
    return next((line["t"] for line in world.store.ledger if line["session"] and line["changed"]), world.now)
