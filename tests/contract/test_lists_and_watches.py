"""LIST with selectors and pages, and watches: from a version, from now, to their end (real/ C, Watch / paging)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.client import Api
from tests.contract.conftest import Eventually


@pytest.fixture(scope="module")
def shelf(api: Api) -> str:
    """Six ConfigMaps with labels, in a Namespace of their own."""
    import os

    space = f"contract-shelf-{os.getpid()}"
    api.post("/api/v1/namespaces", {"metadata": {"name": space}})
    path = f"/api/v1/namespaces/{space}/configmaps"
    for n, labels in enumerate([{"tier": "a", "n": "1"}, {"tier": "a", "n": "2"}, {"tier": "b", "n": "3"}, {"tier": "b"}, {}, {"other": "x"}]):
        api.post(path, {"metadata": {"name": f"m{n}", "labels": {"shelf": "yes", **labels}}})
    return path


def names(answer: Any) -> list[str]:
    assert answer.status == 200, answer.body
    return [one["metadata"]["name"] for one in answer.body["items"] if one["metadata"]["name"] != "kube-root-ca.crt"]


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("tier=a", ["m0", "m1"]),
        ("tier==a,n=2", ["m1"]),
        ("tier!=a", ["m2", "m3", "m4", "m5"]),
        ("tier in (a,b),!n", ["m3"]),
        ("tier notin (a)", ["m2", "m3", "m4", "m5"]),
        ("!tier", ["m4", "m5"]),
        ("tier", ["m0", "m1", "m2", "m3"]),
        ("n>1", ["m1", "m2"]),
        ("n<2", ["m0"]),
    ],
)
def test_a_label_selector_chooses(api: Api, shelf: str, selector: str, found: list[str]) -> None:
    """notin, != and !x match what has no such label."""
    assert names(api.get(shelf, labelSelector=f"shelf,{selector}")) == found


def test_a_broken_label_selector_is_a_bad_request(api: Api, shelf: str) -> None:
    """400 with what was found and expected."""
    no = api.get(shelf, labelSelector="a in (b")
    assert (no.status, no.reason) == (400, "BadRequest")
    assert "unable to parse requirement: found '', expected: ',' or ')'" in no.message


def test_a_field_selector_knows_its_fields(api: Api, shelf: str, deployments: str, pods: str) -> None:
    """Name and namespace everywhere; the rest is said to be unknown."""
    assert names(api.get(shelf, fieldSelector="metadata.name=m3")) == ["m3"]
    no = api.get(deployments, fieldSelector="spec.replicas=1")
    assert (no.status, no.message) == (400, '"spec.replicas" is not a known field selector: only "metadata.name", "metadata.namespace"')
    assert api.get(pods, fieldSelector="spec.foo=1").status == 400
    assert api.get(pods, fieldSelector="status.phase=Running,spec.nodeName=x").status == 200


def test_pages_are_one_snapshot(api: Api, maps: str, name: str) -> None:
    """What is made or deleted between two pages does not show."""
    for n in range(5):
        api.post(maps, {"metadata": {"name": f"{name}-{n}", "labels": {"pages": name}}})
    first = api.get(maps, limit=2)
    assert len(first.body["items"]) == 2
    assert first.body["metadata"]["remainingItemCount"] >= 3
    api.delete(f"{maps}/{name}-4")
    api.post(maps, {"metadata": {"name": f"{name}-9"}})
    seen, page = [one["metadata"]["name"] for one in first.body["items"]], first
    while token := page.body["metadata"].get("continue"):
        page = api.get(maps, **{"limit": 2, "continue": token})
        assert page.version == first.version
        seen += [one["metadata"]["name"] for one in page.body["items"]]
    ours = [one for one in seen if one.startswith(name)]
    assert ours == [f"{name}-{n}" for n in range(5)]
    assert len(seen) == len(set(seen))


def test_bad_tokens_and_versions_are_refused(api: Api, maps: str) -> None:
    """Garbage 400, both at once 400, the future 504."""
    assert api.get(maps, **{"continue": "garbage", "limit": 2}).status == 400
    token = api.get(maps, limit=1).body["metadata"].get("continue", "")
    if token:
        assert api.get(maps, **{"continue": token, "resourceVersion": "5"}).status == 400
    future = api.get(maps, resourceVersion="99999999")
    assert (future.status, future.reason) == (504, "Timeout")
    assert "Too large resource version: 99999999, current: " in future.message  # with "Timeout: " before it where no cache answered


def test_a_watch_tells_what_happens_after_a_list(api: Api, maps: str, name: str, eventually: Eventually) -> None:
    """From the list's version nothing is missed and nothing told twice."""
    since = api.get(maps).version
    with api.watch(maps, resourceVersion=since, fieldSelector=f"metadata.name={name}") as watching:
        api.post(maps, {"metadata": {"name": name}, "data": {"a": "1"}})
        api.merge(f"{maps}/{name}", {"data": {"a": "2"}})
        api.delete(f"{maps}/{name}")
        eventually(lambda: watching.types == ["ADDED", "MODIFIED", "DELETED"])
        versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in watching.seen if event["type"] != "BOOKMARK"]
        assert versions == sorted(versions)
        assert versions[0] > int(since)


def test_a_watch_can_start_in_the_past(api: Api, maps: str, name: str, eventually: Eventually) -> None:
    """What happened since is told first."""
    since = api.get(maps).version
    api.post(maps, {"metadata": {"name": name}})
    api.delete(f"{maps}/{name}")
    with api.watch(maps, resourceVersion=since, fieldSelector=f"metadata.name={name}") as watching:
        eventually(lambda: watching.types == ["ADDED", "DELETED"])


def test_a_watch_without_a_version_begins_with_what_is_there(api: Api, shelf: str, eventually: Eventually) -> None:
    """An ADDED for each object."""
    with api.watch(shelf, labelSelector="tier=a") as watching:
        eventually(lambda: watching.types == ["ADDED", "ADDED"])


def test_leaving_a_selector_is_told_as_an_end(api: Api, maps: str, name: str, eventually: Eventually) -> None:
    """MODIFIED becomes DELETED for a watch that no longer matches, and ADDED when it matches again."""
    since = api.get(maps).version
    with api.watch(maps, resourceVersion=since, labelSelector=f"w={name}") as watching:
        api.post(maps, {"metadata": {"name": name, "labels": {"w": name}}})
        api.merge(f"{maps}/{name}", {"metadata": {"labels": {"w": None}}})
        api.merge(f"{maps}/{name}", {"metadata": {"labels": {"w": name}}})
        eventually(lambda: watching.types == ["ADDED", "DELETED", "ADDED"])


def test_a_watch_ends_cleanly_when_its_time_is_up(api: Api, maps: str, eventually: Eventually) -> None:
    """timeoutSeconds: an end of file, no error."""
    with api.watch(maps, resourceVersion=api.get(maps).version, timeoutSeconds=2) as watching:
        eventually(lambda: watching.look() is not None and watching.over, 4.0)
        assert [event for event in watching.seen if event["type"] == "ERROR"] == []


def test_initial_events_end_with_a_bookmark(api: Api, shelf: str, eventually: Eventually) -> None:
    """sendInitialEvents: the objects, then where the stream stands."""
    asked = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    with api.watch(shelf, labelSelector="tier=b", **asked) as watching:
        eventually(lambda: [event["type"] for event in watching.look()][:3] == ["ADDED", "ADDED", "BOOKMARK"])
        assert watching.seen[2]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_a_watch_from_a_forgotten_version_is_told_so(api: Api, maps: str, name: str, compact: Callable[[], None], eventually: Eventually) -> None:
    """200 and one ERROR event with a 410, then the end."""
    old = api.get(maps).version
    api.post(maps, {"metadata": {"name": name}})
    compact()
    with api.watch(maps, resourceVersion=old) as watching:
        eventually(lambda: watching.types == ["ERROR"])
        status = watching.seen[0]["object"]
        assert (status["code"], status["reason"], status["kind"]) == (410, "Expired", "Status")
        assert status["message"].startswith(f"too old resource version: {old} (")


def test_a_watch_of_nonsense_is_an_error(api: Api, maps: str) -> None:
    """500, as the real one says."""
    assert api.get(maps, watch="true", resourceVersion="abc").status == 500
