"""How often one address may ask an endpoint that anybody can reach; counted in the cache, across processes."""

from core.actor import Door
from core.errors import Problem
from core.limits import LIMIT, wait_for_room
from core.security_events import count_stranger


class TooMany(Problem):
    """`facts["retry_after_s"]` says when the window ends."""

    code = "too_many_requests"
    status = 429


def count(what: str, address: str, *, most: int) -> None:
    """Raises TooMany after `most` in a minute. Lets pass where the counter is away: sign-in must not hang on it."""
    wait = wait_for_room(f"{what}:{address}", most)
    if wait:
        sentence = f"More than {most} requests in a minute from one address."
        count_stranger(LIMIT, f"{sentence} ({what})", door=Door.WEB, address=address)
        raise TooMany(
            sentence,
            remedy=f"Try again in {wait} seconds.",
            retry_after_s=wait,
        )
