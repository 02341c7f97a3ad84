"""The LAN's resolver, as people's machines ask it: a wildcard that always says the source's ingress (domain B82)."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from portkey_migrate.lab.truth import assumed

FACTS = (assumed("everybody has a new answer at once", "real caches keep the old one for its time to live", "kinder"),)


@dataclass
class Dns:
    """Names and addresses; the name itself wins, then the longest pattern. external-dns writes Cloudflare's zone, never this one."""

    records: dict[str, str] = field(default_factory=dict)

    def resolve(self, name: str) -> str:
        """The address, "" where nothing answers for the name."""
        found = [pattern for pattern in self.records if fnmatchcase(name, pattern)]
        return self.records[max(found, key=lambda one: (one == name, len(one)))] if found else ""

    def point(self, name: str, address: str) -> None:
        """Somebody sets one host by hand. Played at its outcome: everybody's machine has the new answer at once, no cache holds the old one."""
        self.records[name] = address
