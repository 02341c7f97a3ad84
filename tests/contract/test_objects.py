"""POST, GET, PUT, PATCH, DELETE on one object: versions, preconditions, refusals (real/ C)."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.contract.client import JSON_PATCH, Api
from tests.contract.conftest import Eventually


def configmap(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def test_a_created_object_has_uid_time_and_version(api: Api, maps: str, name: str) -> None:
    """201 with what the server adds."""
    made = api.post(maps, configmap(name, a="1"))
    assert made.status == 201
    assert {"uid", "creationTimestamp", "resourceVersion", "namespace"} <= made.body["metadata"].keys()
    assert api.get(f"{maps}/{name}").body == made.body


def test_a_second_post_of_a_name_is_refused(api: Api, maps: str, name: str) -> None:
    """409 AlreadyExists, with details."""
    api.post(maps, configmap(name))
    again = api.post(maps, configmap(name))
    assert (again.status, again.reason) == (409, "AlreadyExists")
    assert again.message == f'configmaps "{name}" already exists'
    assert again.body["details"] == {"name": name, "kind": "configmaps"}


def test_generate_name_adds_five_characters(api: Api, maps: str) -> None:
    """A name that the server makes."""
    made = api.post(maps, {"metadata": {"generateName": "made-"}})
    assert made.status == 201
    assert len(made.body["metadata"]["name"]) == len("made-") + 5


def test_a_missing_object_is_not_found(api: Api, maps: str) -> None:
    """404 names resource and name."""
    none = api.get(f"{maps}/none")
    assert (none.status, none.reason, none.message) == (404, "NotFound", 'configmaps "none" not found')
    assert none.body["details"] == {"name": "none", "kind": "configmaps"}
    assert api.delete(f"{maps}/none").status == 404
    assert api.put(f"{maps}/none", configmap("none")).status == 404
    assert api.merge(f"{maps}/none", {}).status == 404


def test_a_known_group_without_the_kind_is_not_found(api: Api) -> None:
    """A Status with empty details."""
    for path in ("/apis/apps/v1/gizmos", "/apis/apps/v9/deployments", "/api/v1/gizmos"):
        none = api.get(path)
        assert (none.status, none.message) == (404, "the server could not find the requested resource")


def test_an_unknown_group_is_plain_text(api: Api) -> None:
    """No Status at all."""
    none = api.get("/apis/nobody.example/v1/things")
    assert (none.status, none.body.strip()) == (404, "404 page not found")


def test_a_post_into_a_missing_namespace_is_not_found(api: Api) -> None:
    """LIST there is empty all the same."""
    none = api.post("/api/v1/namespaces/nons/configmaps", configmap("x"))
    assert (none.status, none.message) == (404, 'namespaces "nons" not found')
    assert api.get("/api/v1/namespaces/nons/configmaps").body["items"] == []


def test_another_namespace_in_the_body_is_refused(api: Api, maps: str) -> None:
    """400."""
    wrong = api.post(maps, {"metadata": {"name": "x", "namespace": "default"}})
    assert (wrong.status, wrong.reason) == (400, "BadRequest")
    assert "does not match the namespace" in wrong.message


def test_a_method_that_does_not_exist_is_not_allowed(api: Api, maps: str, name: str) -> None:
    """405."""
    no = api.post(f"{maps}/{name}", configmap(name))
    assert (no.status, no.reason) == (405, "MethodNotAllowed")


@pytest.mark.parametrize("bad", ["Bad_Name", "a" * 254, "-a"])
def test_a_bad_name_is_invalid(api: Api, maps: str, bad: str) -> None:
    """422 with a cause on metadata.name."""
    no = api.post(maps, configmap(bad))
    assert (no.status, no.reason) == (422, "Invalid")
    assert no.body["details"]["causes"][0]["field"] == "metadata.name"
    assert ("must be no more than 253 characters" if len(bad) > 253 else "a lowercase RFC 1123 subdomain must consist of") in no.message


def test_a_body_that_is_no_json_is_a_bad_request(api: Api, maps: str) -> None:
    """400."""
    assert api("POST", maps, raw=b"{").status == 400


# ---- PUT ----


def test_a_put_with_an_old_version_conflicts(api: Api, maps: str, name: str) -> None:
    """409 with the words that every client knows."""
    first = api.post(maps, configmap(name, a="1"))
    api.put(f"{maps}/{name}", {**first.body, "data": {"a": "2"}})
    late = api.put(f"{maps}/{name}", {**first.body, "data": {"a": "3"}})
    assert (late.status, late.reason) == (409, "Conflict")
    text = "the object has been modified; please apply your changes to the latest version and try again"
    assert late.message == f'Operation cannot be fulfilled on configmaps "{name}": {text}'
    assert late.body["details"] == {"name": name, "kind": "configmaps"}


def test_a_put_without_a_version_overwrites(api: Api, maps: str, name: str) -> None:
    """Unconditional: whoever leaves the version out means it."""
    api.post(maps, configmap(name, a="1"))
    assert api.put(f"{maps}/{name}", configmap(name, b="2")).status == 200
    assert api.get(f"{maps}/{name}").body["data"] == {"b": "2"}


def test_a_put_under_another_uid_conflicts(api: Api, maps: str, name: str) -> None:
    """An object of the same name is not the same object."""
    first = api.post(maps, configmap(name)).body
    first["metadata"]["uid"] = "00000000-0000-4000-8000-000000000000"
    first["metadata"].pop("resourceVersion")
    no = api.put(f"{maps}/{name}", first)
    assert (no.status, no.reason) == (409, "Conflict")
    assert "Precondition failed: UID in precondition: 00000000-0000-4000-8000-000000000000, UID in object meta: " in no.message


def test_a_put_under_another_name_is_refused(api: Api, maps: str, name: str) -> None:
    """400 with both names."""
    api.post(maps, configmap(name))
    no = api.put(f"{maps}/{name}", configmap("other"))
    assert (no.status, no.message) == (400, f"the name of the object (other) does not match the name on the URL ({name})")


# ---- PATCH ----


def test_a_merge_patch_removes_by_null_and_adds_by_key(api: Api, maps: str, name: str) -> None:
    """The last key takes the field with it."""
    api.post(maps, configmap(name, a="1", b="2"))
    path = f"{maps}/{name}"
    assert api.merge(path, {"data": {"a": None, "c": "3"}}).body["data"] == {"b": "2", "c": "3"}
    assert "data" not in api.merge(path, {"data": {"b": None, "c": None}}).body


def test_a_patch_that_changes_nothing_makes_no_version(api: Api, maps: str, name: str) -> None:
    """A no-op is 200 and leaves the version."""
    made = api.post(maps, configmap(name, a="1"))
    same = api.merge(f"{maps}/{name}", {"data": {"a": "1", "z": None}})
    assert (same.status, same.version) == (200, made.version)


def test_a_patch_with_an_old_version_conflicts(api: Api, maps: str, name: str) -> None:
    """metadata.resourceVersion in a patch is a precondition."""
    made = api.post(maps, configmap(name, a="1"))
    now = api.merge(f"{maps}/{name}", {"metadata": {"resourceVersion": made.version}, "data": {"a": "2"}})
    assert now.status == 200
    late = api.merge(f"{maps}/{name}", {"metadata": {"resourceVersion": made.version}, "data": {"a": "3"}})
    assert (late.status, late.reason) == (409, "Conflict")
    assert late.body["details"] == {"name": name, "kind": "configmaps"}


def test_a_patch_of_an_unknown_kind_is_refused(api: Api, maps: str, name: str) -> None:
    """415 for a content type, 400 for a body, 422 for a JSON patch that does not apply."""
    api.post(maps, configmap(name))
    path = f"{maps}/{name}"
    assert api("PATCH", path, {}).status == 415
    assert api("PATCH", path, raw=b"{", content="application/merge-patch+json").status == 400
    no = api("PATCH", path, [{"op": "test", "path": "/data/a", "value": "9"}], content=JSON_PATCH)
    assert (no.status, no.reason) == (422, "Invalid")
    done = api(
        "PATCH", path, [{"op": "add", "path": "/data", "value": {"a": "1"}}, {"op": "test", "path": "/data/a", "value": "1"}], content=JSON_PATCH
    )
    assert done.body["data"] == {"a": "1"}


# ---- DELETE ----


@pytest.mark.parametrize("what", ["uid", "resourceVersion"])
def test_a_delete_under_another_precondition_conflicts(api: Api, maps: str, name: str, what: str) -> None:
    """The late twin of a DELETE finds another object and leaves it."""
    made = api.post(maps, configmap(name)).body["metadata"]
    wrong = "00000000-0000-4000-8000-000000000000" if what == "uid" else "1"
    no = api.delete(f"{maps}/{name}", {"preconditions": {what: wrong}})
    assert (no.status, no.reason) == (409, "Conflict")
    label, end = ("UID", "deleted and then recreated") if what == "uid" else ("ResourceVersion", "modified")
    text = f"the {label} in the precondition ({wrong}) does not match the {label} in record ({made[what]}). The object might have been {end}"
    assert no.message == f'Operation cannot be fulfilled on ConfigMap "{name}": {text}'
    assert api.delete(f"{maps}/{name}", {"preconditions": {what: made[what]}}).status == 200
    assert api.get(f"{maps}/{name}").status == 404


def test_a_finalizer_holds_a_deleted_object(api: Api, maps: str, name: str) -> None:
    """It stays, marked; a POST of its name says so; it goes with its last finalizer."""
    path = f"{maps}/{name}"
    api.post(maps, {**configmap(name), "metadata": {"name": name, "finalizers": ["x.io/f"]}})
    going = api.delete(path)
    assert going.status == 200
    assert "deletionTimestamp" in api.get(path).body["metadata"]
    again = api.post(maps, configmap(name))
    assert (again.status, again.reason) == (409, "AlreadyExists")
    assert again.message == f'object is being deleted: configmaps "{name}" already exists'
    assert api.merge(path, {"metadata": {"finalizers": None}}).status == 200
    assert api.get(path).status == 404


@pytest.mark.controllers
def test_what_an_owner_leaves_goes_after_it(api: Api, maps: str, name: str, eventually: Eventually) -> None:
    """Background deletion by ownerReferences."""
    owner = api.post(maps, configmap(name)).body["metadata"]
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": owner["uid"]}
    api.post(maps, {**configmap(f"{name}-child"), "metadata": {"name": f"{name}-child", "ownerReferences": [reference]}})
    api.delete(f"{maps}/{name}", {"propagationPolicy": "Background"})
    eventually(lambda: api.get(f"{maps}/{name}-child").status == 404)


@pytest.mark.controllers
def test_orphans_are_let_go(api: Api, maps: str, name: str, eventually: Eventually) -> None:
    """PropagationPolicy Orphan: the child stays and names nobody."""
    owner = api.post(maps, configmap(name)).body["metadata"]
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": owner["uid"]}
    child = f"{maps}/{name}-child"
    api.post(maps, {**configmap(f"{name}-child"), "metadata": {"name": f"{name}-child", "ownerReferences": [reference]}})
    api.delete(f"{maps}/{name}", {"propagationPolicy": "Orphan"})
    eventually(lambda: api.get(f"{maps}/{name}").status == 404)
    assert "ownerReferences" not in api.get(child).body["metadata"]


# ---- dry run ----


def test_a_dry_run_answers_and_keeps_nothing(api: Api, maps: str, name: str) -> None:
    """POST, PATCH and DELETE with dryRun=All."""
    path = f"{maps}/{name}"
    tried = api.post(maps, configmap(name), dryRun="All")
    assert tried.status == 201
    assert {"uid", "creationTimestamp"} <= tried.body["metadata"].keys()
    assert "resourceVersion" not in tried.body["metadata"]
    assert api.get(path).status == 404
    api.post(maps, configmap(name, a="1"))
    assert api.merge(path, {"data": {"a": "2"}}, dryRun="All").body["data"] == {"a": "2"}
    assert api.delete(path, dryRun="All").status == 200
    assert api.get(path).body["data"] == {"a": "1"}


def test_dry_run_knows_one_word(api: Api, maps: str, name: str) -> None:
    """dryRun=true is 422."""
    assert api.post(maps, configmap(name), dryRun="true").status == 422


# ---- Secrets ----


def test_a_secret_takes_base64_alone(api: Api, home: str, name: str) -> None:
    """Bad base64 is a 400 of the decoder."""
    path = f"/api/v1/namespaces/{home}/secrets"
    no = api.post(path, {"metadata": {"name": name}, "data": {"a": "*"}})
    assert (no.status, no.reason) == (400, "BadRequest")
    assert no.message == 'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 0'
    assert api.post(path, {"metadata": {"name": name}, "data": {"a": 1}}).status == 400


def test_string_data_wins_and_is_not_kept(api: Api, home: str, name: str) -> None:
    """It becomes data."""
    path = f"/api/v1/namespaces/{home}/secrets"
    made = api.post(path, {"metadata": {"name": name}, "data": {"a": "eA=="}, "stringData": {"a": "y"}}).body
    assert made["data"] == {"a": base64.b64encode(b"y").decode()}
    assert made["type"] == "Opaque"
    assert "stringData" not in made


def test_a_secret_keeps_its_type(api: Api, home: str, name: str) -> None:
    """422 field is immutable; a TLS secret has both keys."""
    path = f"/api/v1/namespaces/{home}/secrets"
    api.post(path, {"metadata": {"name": name}})
    no = api.merge(f"{path}/{name}", {"type": "other"})
    assert (no.status, "field is immutable" in no.message) == (422, True)
    assert api.post(path, {"metadata": {"name": f"{name}-tls"}, "type": "kubernetes.io/tls", "data": {}}).status == 422
