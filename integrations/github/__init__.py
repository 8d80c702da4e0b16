"""GitHub, or a GitHub Enterprise Server: who a person is, and which teams of the organisation they are in.

`organisation()` asks with the installation's own token, `as_person(token)` with a person's. Nothing of a person's token
is kept: not in an object that outlives the call, not in the cache, not in an error.
"""

from integrations.github.client import GitHub, as_person, organisation
from integrations.github.failures import problem_of
from integrations.github.model import Account, OrgMembership, Team

__all__ = ["Account", "GitHub", "OrgMembership", "Team", "as_person", "organisation", "problem_of"]
