"""The Ceph that both clusters use: RBD images with their snapshots, who has them open, and the OSDs' blocklist.

An image knows two things that a real one cannot tell: which numbered records it holds, and from when to when each client had it open for
writing. Everything else behaves as measured (real/ceph.md): a client that is frozen shows as a watcher for 30 s more and then no longer,
thawed it writes on, and only the blocklist stops it. Nothing here knows that there are two Kubernetes clusters: that is the point.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, cast

from portkey_migrate.lab.records import Records, union
from portkey_migrate.lab.traps import frozen_writer
from portkey_migrate.lab.truth import assumed, measured

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

FACTS = (
    measured("a client that died or froze shows as a watcher for 30 s", "Ceph 29.8-30.2 s"),
    measured("one that only reads does not show", "Ceph once; an image was removed under it"),
    measured("on the blocklist its next write fails, for good", "Ceph 0.20-0.25 s after the command; rm of the entry opened nothing"),
    measured("two clients write to one image and nothing stops them", "Ceph 20 writes in turns"),
    assumed("the kernel's client does as librbd does", "nobody tried it; nodes use it", "either"),
)

POOL = "ceph-blockpool"
#: Seconds for which a client that says nothing still shows as a watcher (real/ceph.md §3: 29.8-30.2 s).
WATCHED = 30.0
#: Everything that was there before anybody counted: never an empty directory.
BEFORE: Records = ((-1_000_000, 0),)

At = tuple[str, str]  # cluster, node


class Open(NamedTuple):
    """One client had the image open for writing, from then until then."""

    start: float
    end: float
    at: At


class Snapshot(NamedTuple):
    id: int
    name: str
    t: float
    content: Records


@dataclass
class Client:
    """A node that has mapped an image."""

    at: At
    address: str  # 192.168.0.12:0/3752621242
    number: int
    cookie: int
    opened: float  # writes since then; -1 while it is frozen or shut out
    frozen: float | None = None
    shut: bool = False  # its writes fail with 108 for good: an entry taken away again opens nothing (real/ceph.md §4)

    @property
    def writes(self) -> bool:
        return self.frozen is None and not self.shut


@dataclass
class Image:
    pool: str
    name: str
    id: str
    size: int
    item: str  # what people think of as one thing of data: namespace/claim; "" for a copy that nobody thinks of
    base: Records
    since: float  # what was written to it after this is not in `base` yet
    made: float
    snapshots: list[Snapshot] = field(default_factory=list)
    clients: dict[At, Client] = field(default_factory=dict)
    opens: list[Open] = field(default_factory=list)


class Ceph:
    """The world's part `ceph`."""

    def __init__(self, mons: tuple[str, ...] = ("shire", "rivendell", "isengard")) -> None:
        self.mons = mons
        self.images: dict[tuple[str, str], Image] = {}
        self.blocklist: dict[str, float] = {}  # address → until when
        self.caps = {"blocklist-rm": True}
        self.numbers = 4000
        self.deleted: list[Image] = []  # gone, and still a place where people's writes went

    # ---- images ----

    def image(self, pool: str, name: str) -> Image | None:
        return self.images.get((pool, name))

    def make(self, world: World, pool: str, name: str, size: int, item: str, base: Records = ()) -> Image:
        hexes = f"{world.rng('ceph/ids').getrandbits(48):012x}"
        made = self.images[pool, name] = Image(pool, name, hexes, size, item, base, world.now, world.now)
        return made

    def remove(self, world: World, image: Image) -> bool:
        """False: it has watchers (16)."""
        if self.watchers(world, image):
            return False
        del self.images[image.pool, image.name]
        self.deleted.append(image)
        return True

    def content(self, world: World, image: Image) -> Records:
        """Every record that it holds now."""
        from portkey_migrate.lab.town import town

        return union(image.base, town(world).users.written(image.name, image.since, world.now))

    def fold(self, world: World) -> None:
        """Counting begins anew: what every image holds becomes what it held from before."""
        for image in self.images.values():
            image.base, image.since = self.content(world, image), world.now
            image.opens.clear()
            for client in image.clients.values():
                if client.opened >= 0:
                    client.opened = world.now

    # ---- who has it open ----

    def open(self, world: World, at: At, node_ip: str, image: Image, *, writes: bool = True) -> Client:
        """A node maps an image for reading and writing; with `writes` off nobody does anything there."""
        draw = world.rng(f"ceph/clients/{'/'.join(at)}")
        self.numbers += 1
        address = f"{node_ip}:0/{draw.randrange(10**9, 4 * 10**9)}"
        client = image.clients[at] = Client(at, address, self.numbers, draw.randrange(10**14, 2 * 10**14), world.now if writes else -1.0)
        self._people_look(world)
        return client

    def close(self, world: World, at: At, image: Image) -> None:
        client = image.clients.pop(at, None)
        if client is not None:
            self._stops(world, image, client)
        self._people_look(world)

    def froze(self, world: World, at: At) -> None:
        """A node stands still with everything on it."""
        for image in self.images.values():
            client = image.clients.get(at)
            if client is not None and client.frozen is None:
                self._stops(world, image, client)
                client.frozen = world.now
        self._people_look(world)

    def thawed(self, world: World, at: At) -> None:
        """It goes on where it stopped: it registers anew and writes, unless it is on the blocklist or a trap is off."""
        for image in self.images.values():
            client = image.clients.get(at)
            if client is None or client.frozen is None:
                continue
            late = world.now - client.frozen >= WATCHED
            client.frozen = None
            if late and not frozen_writer.TRAP.bites(world):
                client.shut = True
            if client.writes:
                client.opened = world.now
        self._people_look(world)

    def watchers(self, world: World, image: Image) -> list[Client]:
        """As `rbd status` lists them."""
        out = [one for one in image.clients.values() if not one.shut and (one.frozen is None or world.now - one.frozen < WATCHED)]
        return sorted(out, key=lambda one: one.number)

    def writable(self, at: At, image: Image) -> bool:
        client = image.clients.get(at)
        return client is not None and client.writes

    # ---- snapshots ----

    def snapshot(self, world: World, image: Image, name: str) -> Snapshot:
        made = Snapshot(max((one.id for one in image.snapshots), default=3) + 1, name, world.now, self.content(world, image))
        image.snapshots.append(made)
        return made

    def roll_back(self, world: World, image: Image, snapshot: Snapshot) -> None:
        image.base, image.since = snapshot.content, world.now

    # ---- the blocklist ----

    def listed(self, now: float) -> dict[str, float]:
        return {address: until for address, until in sorted(self.blocklist.items()) if until > now}

    def shut_out(self, world: World, address: str, until: float) -> None:
        """Its next write fails; the command's own answer comes later than that (real/ceph.md §4: 0.20-0.25 s)."""
        self.blocklist[address] = until
        for image in self.images.values():
            for client in image.clients.values():
                if client.address == address:
                    self._stops(world, image, client)
                    client.shut = True
        self._people_look(world)

    # ---- inside ----

    @staticmethod
    def _stops(world: World, image: Image, client: Client) -> None:
        """It writes no more from now on."""
        if client.opened >= 0:
            image.opens.append(Open(client.opened, world.now, client.at))
            client.opened = -1.0

    @staticmethod
    def _people_look(world: World) -> None:
        if "town" in world.parts:
            world.parts["town"].users.look(world)


def ceph(world: World) -> Ceph:
    return cast("Ceph", world.parts["ceph"])


def opens(image: Image) -> list[Open]:
    """Every time that somebody had it open for writing, the ones that last too."""
    return image.opens + [Open(client.opened, math.inf, client.at) for client in image.clients.values() if client.opened >= 0]
