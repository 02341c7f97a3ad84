"""The Kubernetes API as HTTP semantics, without a socket: a request in, a response or a watch out (real/ C has each text and code)."""

from portkey_migrate.lab.api.message import Ground, Request, Response
from portkey_migrate.lab.api.serve import handle
from portkey_migrate.lab.api.watch import Watch

__all__ = ["Ground", "Request", "Response", "Watch", "handle"]
