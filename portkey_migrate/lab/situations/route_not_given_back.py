"""The source's ingress loads nothing any more when the route is to come back."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.situations.route_not_taken import apply

SITUATION = Situation("route-not-given-back", "The source's ingress does not load the way back.", apply, after="protected", then="rollback")
