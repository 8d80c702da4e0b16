"""The age of a source only grows while the source does not answer: it never goes back to an older time."""

from collections.abc import Callable

from core.clock import now
from tests.integrations.kubernetes.servers import Emulator, Relay
from tests.observer.world import GitHost, World, row_soon, soon, source


def test_a_source_that_goes_away_keeps_the_time_at_which_it_answered_last(
    own_emulator: Emulator, git_host: GitHost, world_on: Callable[[Emulator, GitHost], World]
) -> None:
    relay = Relay(own_emulator.port)
    world = world_on(own_emulator, git_host)
    world.environment |= {
        "MCTL_KUBECONFIG": str(relay.kubeconfig(own_emulator.kubeconfig)),
        "MCTL_KUBERNETES_TIMEOUT_S": "0.5",
    }
    world.git.tenant("orchard").service("orchard", "apples").commit()
    world.service("orchard", "apples")
    world.observe()
    row_soon("orchard", "apples", health="Healthy", in_git=True)
    began = now()
    soon(lambda: (source("kubernetes:pods").last_contact_at or began) > began, "the heartbeat tells that it answers")

    told = [source("kubernetes:pods").last_contact_at]

    def is_away() -> bool:
        told.append(source("kubernetes:pods").last_contact_at)
        return bool(source("kubernetes:pods").error)

    relay.passing.clear()
    soon(is_away, "the source says that it is away")
    assert told == sorted(moment for moment in told if moment)
    relay.close()
