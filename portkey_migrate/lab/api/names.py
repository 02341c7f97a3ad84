"""How names and labels have to look, in the API's own words."""

from __future__ import annotations

import re
from typing import Any

from portkey_migrate.lab.api.message import Cause, missing, wrong
from portkey_migrate.lab.store import Object
from portkey_migrate.lab.truth import held

FACTS = (held("a bad name is 422 on metadata.name", "tests/contract/test_objects.py::test_a_bad_name_is_invalid"),)

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_1035 = r"[a-z]([-a-z0-9]*[a-z0-9])?"
_VALUE = r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"
_KEY = r"[-._a-zA-Z0-9]+"

_SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character "  # noqa: E501 - one text or table row, as it is read
    f"(e.g. 'example.com', regex used for validation is '{_SUBDOMAIN}')"
)
_LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character "
    f"(e.g. 'my-name',  or '123-abc', regex used for validation is '{_LABEL}')"
)
_1035_TEXT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character "  # noqa: E501 - one text or table row, as it is read
    f"(e.g. 'my-name',  or 'abc-123', regex used for validation is '{_1035}')"
)
_VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "  # noqa: E501 - one text or table row, as it is read
    f"(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '{_VALUE}')"
)
_KEY_TEXT = f"a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '{_KEY}')"  # noqa: E501 - one text or table row, as it is read

_SHAPES = {"Namespace": (63, _LABEL, _LABEL_TEXT), "Service": (63, _1035, _1035_TEXT)}


def metadata_faults(kind: str, obj: Object) -> list[Cause]:
    """What is wrong with an object's name and labels."""
    metadata = obj["metadata"]
    name = metadata.get("name", "")
    if not name:
        return [missing("metadata.name", "name or generateName is required")]
    most, shape, text = _SHAPES.get(kind, (253, _SUBDOMAIN, _SUBDOMAIN_TEXT))
    out = []
    if kind == "PodDisruptionBudget":
        pass  # the real server judges this kind's labels and not its name (measured)
    elif len(name) > most:
        out.append(wrong("metadata.name", name, f"must be no more than {most} characters"))
    elif not re.fullmatch(shape, name):
        out.append(wrong("metadata.name", name, text))
    for value in (metadata.get("labels") or {}).values():
        if len(str(value)) > 63:  # noqa: PLR2004 - a label value's limit
            out.append(wrong("metadata.labels", value, "must be no more than 63 bytes"))
        elif not re.fullmatch(_VALUE, str(value)):
            out.append(wrong("metadata.labels", value, _VALUE_TEXT))
    return out


def key_faults(field: str, data: dict[str, Any]) -> list[Cause]:
    """Keys of a ConfigMap or a Secret."""
    out = []
    for key in data:
        if len(key) > 253:  # noqa: PLR2004 - a key's limit
            out.append(wrong(f"{field}[{key}]", key, "must be no more than 253 characters"))
        elif not re.fullmatch(_KEY, key):
            out.append(wrong(f"{field}[{key}]", key, _KEY_TEXT))
    return out
