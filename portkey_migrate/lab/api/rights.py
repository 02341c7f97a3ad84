"""Who asks, and what they may: bearer tokens, users with rule lists, and the words of a refusal.

A user is frozen: taking one verb from a role (`permission-missing`) puts another User in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portkey_migrate.lab.truth import assumed, held

FACTS = (
    held("403 says who, what and where, before the kind is looked up", "tests/contract/test_rights_and_namespaces.py::test_a_missing_right_is_named"),
    held("401 for a wrong token", "tests/contract/test_rights_and_namespaces.py::test_a_wrong_token_is_unauthorized"),
    held("403 for no token: nobody", "tests/contract/test_rights_and_namespaces.py::test_no_token_is_nobody"),
    assumed("rights are the world's own list, not Roles", "nobody changes them over the API during a move", "kinder"),
)


@dataclass(frozen=True)
class Rule:
    """What RBAC calls a rule, with the namespaces that its binding gives it. "*" is any; "deployments/scale" is a resource of its own."""

    verbs: tuple[str, ...]
    groups: tuple[str, ...]
    resources: tuple[str, ...]
    namespaces: tuple[str, ...] = ("*",)
    names: tuple[str, ...] = ()

    def allows(self, asked: Asked) -> bool:
        return (
            _in(asked.verb, self.verbs)
            and _in(asked.group, self.groups)
            and (_in(asked.full, self.resources) or (asked.subresource != "" and f"*/{asked.subresource}" in self.resources))
            and ("*" in self.namespaces or (asked.namespace != "" and asked.namespace in self.namespaces))
            and (not self.names or asked.name in self.names)
        )


def _in(one: str, many: tuple[str, ...]) -> bool:
    return "*" in many or one in many


@dataclass(frozen=True)
class Asked:
    """One question of authorisation."""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def full(self) -> str:
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


@dataclass(frozen=True)
class User:
    name: str
    groups: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()

    def may(self, asked: Asked) -> bool:
        return any(rule.allows(asked) for rule in self.rules)

    @property
    def known(self) -> bool:
        return self.name != ANONYMOUS.name


ADMIN = Rule(("*",), ("*",), ("*",))
ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))

#: Paths that are no objects, open to everybody and to every known user (the real default ClusterRoles).
_FOR_ALL = ("/healthz", "/livez", "/readyz", "/version")
_FOR_KNOWN = ("/api", "/apis", "/openapi")


def who(headers: Mapping[str, str], tokens: Mapping[str, User]) -> User | None:
    """The user of a bearer token; nobody in particular without one; None for a token that no one has (401)."""
    given = headers.get("authorization", "")
    if not given:
        return ANONYMOUS
    kind, _, token = given.partition(" ")
    return tokens.get(token.strip()) if kind.lower() == "bearer" else None


def may_read_path(user: User, path: str) -> bool:
    known = _FOR_ALL + _FOR_KNOWN if user.known else _FOR_ALL
    return any(path == one or path.startswith(one + "/") for one in known) or any(rule == ADMIN for rule in user.rules)


def refusal(user: User, asked: Asked) -> str:
    """Why not, word for word (real/ C, RBAC)."""
    where = f'in the namespace "{asked.namespace}"' if asked.namespace else "at the cluster scope"
    return f'User "{user.name}" cannot {asked.verb} resource "{asked.full}" in API group "{asked.group}" {where}'
