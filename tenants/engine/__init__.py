"""Who belongs to a tenant by GitHub's word: asking, keeping, and how old an answer may be that a change relies on."""

from tenants.engine.freshness import relied_upon
from tenants.engine.refresh import refresh_everybody, refresh_person
from tenants.engine.roles import take_memberships
from tenants.engine.security_events import write_security_events

__all__ = ["refresh_everybody", "refresh_person", "relied_upon", "take_memberships", "write_security_events"]
