"""The Kubernetes API of one cluster: raw calls, a static table of kinds, no discovery, no retries that we did not ask for.

The typed APIs cost seconds of import, DynamicClient answers with another cluster's discovery, and urllib3 re-sends a DELETE by itself
(design §6): so each call here is one request that stands in one file, `wire.py`, the only home of `kubernetes` and `urllib3`.
"""

from portkey_migrate.systems.kube.api import Kube
from portkey_migrate.systems.kube.kinds import KINDS, Kind

__all__ = ["KINDS", "Kind", "Kube"]
