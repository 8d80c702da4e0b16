"""Who belongs to a tenant by GitHub's word: asking, keeping, and how old an answer may be that a change relies on."""

from tenants.engine.asking import refresh_everybody, refresh_person
from tenants.engine.freshness import relied_upon
from tenants.engine.roles import take_memberships
from tenants.engine.tally import keep_tally

__all__ = ["keep_tally", "refresh_everybody", "refresh_person", "relied_upon", "take_memberships"]
