"""The people of the sandbox. Their roles are not here: they come from the members lists of the seeded repository."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CastMember:
    login: str
    name: str
    title: str
    summary: str


CAST = (
    CastMember("dev", "Dev", "Developer", "Deploys and configures the services of payments and storefront."),
    CastMember("olga", "Olga", "Owner", "Owns payments and storefront."),
    CastMember("vera", "Vera", "Viewer", "Looks at payments and may change nothing."),
    CastMember("oscar", "Oscar", "Outsider", "Owns labs; payments and storefront do not exist for him."),
    CastMember("ada", "Ada", "Platform admin", "Sees and may do everything."),
)
PLATFORM_ADMIN = "ada"


def cast_member(login: str) -> CastMember | None:
    return next((person for person in CAST if person.login == login), None)
