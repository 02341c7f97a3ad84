"""What a person may write in `phases/`, as models. The only home of pydantic in this room; `docs/plan.schema.json` is generated from them.

A key that does nothing yet has no field here, and is therefore an unknown key (design §4.8).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_address, ip_interface
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from portkey_migrate.model import API_VERSION
from portkey_migrate.plan import durations, windows
from portkey_migrate.plan.faults import meant

_NAME = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"


def _fits(pattern: str, what: str) -> Callable[[str], str]:
    shape = re.compile(pattern)

    def judge(text: str) -> str:
        if not shape.match(text):
            raise ValueError(what)
        return text

    return judge


def _timezone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"no time zone has this name{meant(text, available_timezones())}") from None
    return text


def _address(text: str) -> str:
    try:
        ip_address(text)
    except ValueError:
        raise ValueError("should be an IP address") from None
    return text


def _network(text: str) -> str:
    """As written: bits beside the mask are for lint to point at, because the live cluster has them."""
    try:
        ip_interface(text)
    except ValueError:
        raise ValueError("should be a network such as 10.44.0.0/16") from None
    if "/" not in text:
        raise ValueError("should be a network such as 10.44.0.0/16")
    return text


class Pruned:
    """Stands in a list where a faulty element stood, so that the others keep their places."""


def _row(value: Any) -> Any:
    if isinstance(value, Pruned):
        return []
    return value if isinstance(value, list) else [value]


def _kebab(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


Name = Annotated[
    str,
    AfterValidator(_fits(_NAME, "a name is lower case letters, digits and dashes, as in Kubernetes")),
    Field(json_schema_extra={"pattern": _NAME}),
]
Text = Annotated[str, AfterValidator(_fits(r"(?s).*\S", "should say something")), Field(json_schema_extra={"pattern": r"\S"})]
Duration = Annotated[
    float, BeforeValidator(durations.seconds, json_schema_input_type=Annotated[str, Field(pattern=durations.PATTERN, examples=["3m", "1h30m", "7d"])])
]
When = Annotated[
    Any, BeforeValidator(windows.window, json_schema_input_type=Annotated[str, Field(pattern=windows.PATTERN, examples=["Sat 14:00-18:00"])])
]
Needs = dict[str, str]  # judged against everything that the plan names, with did-you-mean: loader
Path = Annotated[str, AfterValidator(_fits(r"^/\S*$", "should be a path that begins with /")), Field(json_schema_extra={"pattern": r"^/\S*$"})]


class Entry(BaseModel):
    """A mapping of a plan: kebab-case keys, nothing unknown, nothing converted (`outage: 3` is no text and no duration)."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, alias_generator=_kebab)

    @classmethod
    def judge(cls, value: Any) -> tuple[Self | None, list[Any]]:
        """The entry, or pydantic's problems with it."""
        try:
            return cls.model_validate(value), []
        except ValidationError as error:
            return None, error.errors(include_url=False)

    @classmethod
    def keys(cls) -> dict[str, Any]:
        """Each key and the type of its value."""
        return {str(field.alias): field.annotation for field in cls.model_fields.values()}


class ClusterEntry(Entry):
    """One of the two clusters. All but `kind` and `uid` are facts that lint compares and screens print."""

    uid: Annotated[
        str, AfterValidator(_fits(r"^(pending|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$", "should be the UID of namespace kube-system, or pending"))
    ] = Field("pending", description="UID of namespace kube-system. Optional: the pin is in the journal; where given it must agree.")
    vip: Annotated[str, AfterValidator(_address)] | None = Field(None, description="Address of the API server.")
    pods: Annotated[str, AfterValidator(_network)] | None = None
    services: Annotated[str, AfterValidator(_network)] | None = None
    kubernetes: Text | None = Field(None, description="Version.")

    def facts(self) -> dict[str, str]:
        return {key: value for key, value in self.model_dump(exclude={"kind", "uid"}).items() if value is not None}


class SourceEntry(ClusterEntry):
    kind: Literal["k3s"]


class TargetEntry(ClusterEntry):
    kind: Literal["talos"]
    talos: Text | None = Field(None, description="Version.")


class NewNode(Entry):
    """A machine that is not there yet."""

    host: Name
    ip: Annotated[str, AfterValidator(_address)]
    cpu: Annotated[int, Field(ge=1)]
    memory: Annotated[int, Field(ge=1024, description="MiB")]


class NodeEntry(Entry):
    vm: Annotated[int, Field(ge=100, description="VM id in Proxmox VE")]
    becomes: Literal["controlplane", "worker"]
    new: NewNode | None = None


class MigrationFile(Entry):
    """`phases/migration.yaml`: the two clusters and the machines."""

    schema_: Literal[API_VERSION] = Field(alias="schema")  # type: ignore[valid-type]  # one home for the version
    name: Name
    timezone: Annotated[str, AfterValidator(_timezone)] = Field(description="Of every window.", examples=["Asia/Dubai"])
    source: SourceEntry
    target: TargetEntry
    nodes: dict[Name, NodeEntry] = Field(default_factory=dict)
    doubts: list[Text] = Field(default_factory=list, description="Where the documents disagree; lint repeats each until its line is deleted.")


class AtOnce(Entry):
    prepare: Annotated[int, Field(ge=1)] = 4
    cutover: Annotated[int, Field(ge=1)] = 1


class Defaults(Entry):
    """What an app has that does not say otherwise."""

    outage: Duration = 300.0
    soak: Duration = 172_800.0
    at_once: AtOnce = AtOnce()


class AppEntry(Entry):
    """One unit of cutover."""

    method: str = Field(description="How its data moves.")
    members: Annotated[list[Name], Field(min_length=1)] | None = Field(
        None, description="Its workloads in start order; default: the one named as the app."
    )
    outage: Duration | None = Field(None, description="Budget; used up before the pivot, the move goes back by itself.")
    soak: Duration | None = None
    http: Path = Field("/", description="A path that answers 2xx while the app is well.")
    window: When | None = Field(None, description="When an outage may begin.")
    tell: Text | None = Field(None, description="What its users are told.")
    silent_node: Literal["ask", "blocklist"] = Field(
        "ask", description="The source's node does not answer: wait and ask a person, or shut its writer out of Ceph after 20 s."
    )
    needs: Needs = Field(default_factory=dict)


class AppsFile(Entry):
    """`phases/apps.yaml`: what a person decides about each app."""

    defaults: Defaults = Defaults()
    apps: dict[Name, AppEntry]


class ItemEntry(Entry):
    """One entry of `do:`: an app, a node or a task. Which keys go together is judged by the loader, with a sentence."""

    app: str | None = None
    node: str | None = None
    task: Name | None = None
    to: str | None = Field(None, description="The state it is taken to; default: an app committed, a node joined.")
    ask: Text | None = Field(None, description="The task is a person's yes to this question.")
    seen: str | None = Field(None, description="The task is one look: this check answers ok.")
    needs: Needs = Field(default_factory=dict)


Row = Annotated[list[ItemEntry], BeforeValidator(_row, json_schema_input_type=ItemEntry | list[ItemEntry])]


class PhaseFile(Entry):
    """`phases/N-name.yaml`: top to bottom; an inner list goes side by side."""

    goal: Text
    needs: Needs = Field(default_factory=dict)
    do: Annotated[list[Row], Field(min_length=1)]
    done_when: list[str] = Field(default_factory=list, description="Checks that answer ok before the phase soaks.")
    soak: Duration = 0.0
    accept: dict[str, Text] = Field(
        default_factory=dict, description="Rules of lint that are known and accepted here: rule, then why, by whom, until when."
    )
