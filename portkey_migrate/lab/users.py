"""People who use the apps: a series of numbered requests, kept as intervals and not as events (lab.md 17).

An interval says from when to when, how often, and who acknowledged: a Pod of the source, of the target, or nobody. It is split where
that changes, which can only be when an ingress loads or a Pod turns; so the people of a week cost as much as the people of a minute.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from portkey_migrate.lab.controllers import Controller, Key, Object
from portkey_migrate.lab.controllers.volumes import mounted_image
from portkey_migrate.lab.records import Records, union
from portkey_migrate.lab.town import town
from portkey_migrate.lab.traffic import request
from portkey_migrate.lab.truth import assumed

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

FACTS = (
    assumed("people ask at fixed times and do not try again", "so that each refusal counts", "harsher"),
    assumed("an acknowledged write is on the image", "nothing is lost in a cache of the app or the kernel", "kinder"),
)

_GOOD = range(200, 400)


class Interval(NamedTuple):
    start: float
    end: float  # +inf while it lasts
    period: float  # seconds between two requests
    by: str  # source | target | none
    image: str = ""  # the image that took what was written; "" for an app without data of its own

    def records(self, start: float, end: float, origin: float) -> tuple[int, int]:
        """The numbers of the requests that fall into this interval and into [start, end), half-open. Request n comes at origin + n · period."""
        low, high = max(self.start, start), min(self.end, end)
        if high <= low:
            return 0, 0
        return math.ceil((low - origin) / self.period - 1e-9), math.ceil((high - origin) / self.period - 1e-9)

    def requests(self, start: float, end: float, origin: float) -> int:
        low, high = self.records(start, end, origin)
        return high - low


class App(NamedTuple):
    """One app as people know it."""

    name: str
    host: str
    path: str
    period: float
    writes: bool = False  # its requests are numbered writes: acknowledged when a volume has taken them


class Users:
    """Everybody's series, from the first instant of the world on."""

    def __init__(self, apps: Iterable[App], origin: float) -> None:
        self.apps = {app.name: app for app in apps}
        self.origin = origin
        self.series: dict[str, list[Interval]] = {app: [] for app in self.apps}

    def who(self, world: World, app: str) -> str:
        """Who would acknowledge a request of this app at this instant."""
        return self._sees(world, app)[0]

    def _sees(self, world: World, app: str) -> tuple[str, str]:
        """Who acknowledges, and which image takes it: a write counts where a ready Pod has its volume open and may write to it."""
        one = self.apps[app]
        got = request(world, town(world).dns.resolve(one.host), one.host, one.path)
        if not got.cluster or got.status not in _GOOD:
            return "none", ""
        if not one.writes:
            return got.cluster, ""
        pod = world.store.get(got.cluster, "Pod", got.namespace, got.pod)
        image = None if pod is None else mounted_image(world, got.cluster, pod)
        return ("none", "") if image is None else (got.cluster, image.name)

    def now(self, world: World) -> dict[str, str]:
        return {app: self.who(world, app) for app in self.apps}

    def begin(self, world: World) -> None:
        """The first command comes: what was before it counts for nobody."""
        world.parts["ceph"].fold(world)
        self.series = {app: [Interval(world.now, math.inf, one.period, *self._sees(world, app))] for app, one in self.apps.items()}

    def look(self, world: World) -> None:
        """Something that a route is made of has changed: splits the series that see it."""
        for app, one in self.apps.items():
            by, series = self._sees(world, app), self.series[app]
            if series and series[-1][3:] == by:
                continue
            if series:
                last = series[-1]
                if last.start == world.now:
                    series.pop()
                    if series and series[-1][3:] == by:
                        series[-1] = series[-1]._replace(end=math.inf)
                        continue
                else:
                    series[-1] = last._replace(end=world.now)
            series.append(Interval(world.now, math.inf, one.period, *by))

    def acknowledged(self, app: str, start: float, end: float) -> dict[str, int]:
        """Requests answered by each side in [start, end)."""
        out = {"source": 0, "target": 0, "none": 0}
        for one in self.series[app]:
            out[one.by] += one.requests(start, end, self.origin)
        return out

    def written(self, image: str, start: float, end: float) -> Records:
        """The records that an image took in [start, end)."""
        return union(*((one.records(start, end, self.origin),) for series in self.series.values() for one in series if one.image == image))

    def wrote(self, app: str, start: float, end: float) -> Records:
        """The records that were acknowledged, by whomever."""
        return union(*((one.records(start, end, self.origin),) for one in self.series[app] if one.by != "none"))

    def outages(self, app: str, start: float, end: float) -> list[tuple[float, float]]:
        """When nobody would have answered, in [start, end)."""
        return [(max(o.start, start), min(o.end, end)) for o in self.series[app] if o.by == "none" and min(o.end, end) > max(o.start, start)]


class Onlooker(Controller):
    """Looks anew whenever a Pod or an ingress turns; no controller of the cluster, and it writes nothing."""

    name = "users"
    kinds = frozenset({"Pod", "Service"})

    def keys(self, world: World, kind: str, old: Object | None, new: Object | None) -> Iterable[tuple[Key, float]]:
        del world, kind, old, new
        yield ("look",), 0.0

    def act(self, world: World, now: float, key: Key) -> float | None:
        del now, key
        town(world).users.look(world)
        return None
