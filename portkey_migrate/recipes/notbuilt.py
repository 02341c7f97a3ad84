"""What a plan may name and this version cannot do yet: it loads, shows as `not built`, and is refused by name when its turn comes (design §4.8).

A name leaves this list by being built: the registries win.
"""

from __future__ import annotations

NOT_BUILT_METHODS = frozenset({"handover", "shared", "database", "copy", "singleton"})
NOT_BUILT_TASKS: frozenset[str] = frozenset()
NOT_BUILT_CHECKS: frozenset[str] = frozenset()
