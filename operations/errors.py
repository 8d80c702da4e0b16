"""Problems of this app's own."""

from core.errors import Problem


class ConfirmationNeeded(Problem):
    """The operation must be confirmed with the hash of the plan that the person has seen."""

    code = "confirmation_needed"
    status = 428


class AlreadyEnded(Problem):
    """There is nothing left to cancel."""

    code = "already_ended"
    status = 409
