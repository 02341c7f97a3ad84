"""Lies for the lab to tell, one at a time: each is something that a real server never does, and each has to be noticed.

They are put in by a test and are no part of the lab. A suite that lets one of them through says nothing about the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from portkey_migrate.lab.api import lists, verbs, watch
from portkey_migrate.lab.api.selectors import Selection, _field
from portkey_migrate.lab.store import AlreadyThereError, Store

Lie = Callable[[pytest.MonkeyPatch], None]


def stale_put_accepted(patch: pytest.MonkeyPatch) -> None:
    """A PUT of an old version overwrites the new one."""
    _blind(patch, "update")


def stale_patch_accepted(patch: pytest.MonkeyPatch) -> None:
    """409 is never sent to a PATCH."""
    _blind(patch, "patch")


def _blind(patch: pytest.MonkeyPatch, verb: str) -> None:
    honest = verbs._written

    def lying(call: Any, old: Any, new: Any, given: Any, **more: Any) -> Any:
        if call.by.verb == verb and given.get("resourceVersion"):
            given = {**given, "resourceVersion": old["metadata"]["resourceVersion"]}
        return honest(call, old, new, given, **more)

    patch.setattr(verbs, "_written", lying)


def preconditions_ignored(patch: pytest.MonkeyPatch) -> None:
    """The late twin of a DELETE takes the new object."""
    honest = verbs._delete_options
    patch.setattr(verbs, "_delete_options", lambda request: {key: one for key, one in honest(request).items() if key != "preconditions"})


def budget_ignored(patch: pytest.MonkeyPatch) -> None:
    """An eviction never meets a PodDisruptionBudget."""
    patch.setattr(verbs, "refuse_eviction", lambda *_, **__: None)


def quota_ignored(patch: pytest.MonkeyPatch) -> None:
    """A fence of no Pods lets Pods in."""
    patch.setattr(verbs, "refuse_over_quota", lambda *_: None)


def history_never_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A watch from a version long gone never ends with 410."""
    honest = Store.changes
    patch.setattr(Store, "changes", lambda self, cluster, since: honest(self, cluster, max(since, self.floor[cluster])))


def finalizers_ignored(patch: pytest.MonkeyPatch) -> None:
    """A deleted object goes whatever holds it."""
    honest = Store.delete

    def lying(self: Store, cluster: str, kind: str, namespace: str, name: str, *args: Any, **more: Any) -> Any:
        left = honest(self, cluster, kind, namespace, name, *args, **more)
        stands = self.objects[cluster][kind].get((namespace, name))
        if stands is not None and stands["metadata"].get("finalizers") and not more.get("dry"):
            self._put(cluster, kind, stands, None, args[0], "delete", 200)
        return left

    patch.setattr(Store, "delete", lying)


def label_selectors_ignored(patch: pytest.MonkeyPatch) -> None:
    """A LIST gives everything."""

    class Everything(Selection):
        def __call__(self, obj: Any) -> bool:
            return all((_field(obj, path) == value) is equal for path, equal, value in self.fields)

    patch.setattr(lists, "Selection", Everything)


def field_selectors_ignored(patch: pytest.MonkeyPatch) -> None:
    """metadata.name=a gives b, too."""

    class Unnamed(Selection):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self.fields.clear()

    patch.setattr(lists, "Selection", Unnamed)


def continue_token_ignored(patch: pytest.MonkeyPatch) -> None:
    """The second page is the first one."""
    honest = lists._read
    patch.setattr(lists, "_read", lambda token: (honest(token)[0], ""))


def pages_move(patch: pytest.MonkeyPatch) -> None:
    """A later page shows what was made or deleted since the first."""
    honest = lists._read
    patch.setattr(lists, "_read", lambda token: (-1, honest(token)[1]))


def dry_run_kept(patch: pytest.MonkeyPatch) -> None:
    """What was only tried is there afterwards."""
    honest = verbs.is_dry

    def lying(request: Any, noun: str) -> bool:
        honest(request, noun)
        return False

    patch.setattr(verbs, "is_dry", lying)


def nothing_is_a_change(patch: pytest.MonkeyPatch) -> None:
    """A PATCH that changes nothing makes a version, and wakes every watch."""
    patch.setattr(Store, "_same", staticmethod(lambda *_: False))


def names_taken_over(patch: pytest.MonkeyPatch) -> None:
    """A POST of a name that is taken replaces what stands there."""
    honest = Store.create

    def lying(self: Store, cluster: str, kind: str, obj: Any, by: Any, **more: Any) -> Any:
        try:
            return honest(self, cluster, kind, obj, by, **more)
        except AlreadyThereError:
            return self.replace(cluster, kind, obj, by, dry=more.get("dry", False))

    patch.setattr(Store, "create", lying)


def homeless_objects(patch: pytest.MonkeyPatch) -> None:
    """A POST into a Namespace that is not there, or is going, is taken."""
    patch.setattr(verbs, "_refuse_namespace", lambda *_: None)


def uid_moves(patch: pytest.MonkeyPatch) -> None:
    """A write under another uid is taken."""
    honest = verbs._written
    patch.setattr(
        verbs, "_written", lambda call, old, new, given, **more: honest(call, old, new, {k: v for k, v in given.items() if k != "uid"}, **more)
    )


def leaving_a_selector_untold(patch: pytest.MonkeyPatch) -> None:
    """A watch is not told when an object stops matching."""

    class Sticky(watch.Watch):
        def take(self) -> bytes:
            return b"".join(line + b"\n" for line in super().take().splitlines() if not line.startswith(b'{"type":"DELETED"'))

    patch.setattr("portkey_migrate.lab.api.serve.Watch", Sticky)


LIES: tuple[Lie, ...] = (
    stale_put_accepted, stale_patch_accepted, preconditions_ignored, budget_ignored, quota_ignored, history_never_forgotten, finalizers_ignored,
    label_selectors_ignored, field_selectors_ignored, continue_token_ignored, pages_move, dry_run_kept, nothing_is_a_change, names_taken_over,
    homeless_objects, uid_moves, leaving_a_selector_untold,
)  # fmt: skip
