"""People who can sign in, and the tokens they hold."""

from accounts.models.people import Person, PersonManager
from accounts.models.personal_tokens import PersonalToken

__all__ = ["Person", "PersonManager", "PersonalToken"]
