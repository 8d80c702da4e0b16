"""Problems of this app's own."""

from core.errors import Forbidden, Problem


class ConfirmationNeeded(Problem):
    """The operation must be confirmed with the hash of the plan that the person has seen."""

    code = "confirmation_needed"
    status = 428
    remedy_is_ours = True


class ReadOnly(Forbidden):
    """This installation shows and changes nothing, whoever asks."""

    code = "read_only"


class AlreadyEnded(Problem):
    """There is nothing left to cancel."""

    code = "already_ended"
    status = 409
