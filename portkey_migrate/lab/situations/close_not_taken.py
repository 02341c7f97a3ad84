"""On the way back the source's ingress does not load the closed route: people would write while the writer changes sides."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.situations.route_not_taken import apply

SITUATION = Situation("close-not-taken", "The source's ingress does not load the closed route.", apply, after="protected", then="rollback")
