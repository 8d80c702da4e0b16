"""One observer writes; others stand by. The lease is a row, and every batch of writes holds on to it."""

import secrets
import socket
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from core.clock import now
from observer.models import ObserverLease

NAME = "mirror"


class LeaseLost(Exception):
    """Another observer took over: whatever was about to be written must not be."""


class Lease:
    """`holder` is unique to this process, a restarted one included: an old process that wakes up is not us."""

    def __init__(self, length_s: float | None = None) -> None:
        self.holder = f"{socket.gethostname()[:60]}:{secrets.token_hex(8)}"
        self.length = timedelta(seconds=length_s or settings.OBSERVER_LEASE_S)

    def take(self) -> bool:
        """True where the lease is now ours: it was free, had run out, or was ours already."""
        moment = now()
        if self._extend(Q(holder=self.holder) | Q(until__lt=moment), moment):
            return True
        try:
            with transaction.atomic():
                ObserverLease.objects.create(name=NAME, holder=self.holder, until=moment + self.length)
        except IntegrityError:
            return False
        return True

    def hold(self) -> None:
        """Prolongs it. Inside a transaction no other can take it until the commit. Raises LeaseLost."""
        if not self._extend(Q(holder=self.holder), now()):
            raise LeaseLost

    def release(self) -> None:
        """Lets the next one begin at once."""
        ObserverLease.objects.filter(name=NAME, holder=self.holder).delete()

    def _extend(self, whose: Q, moment: datetime) -> int:
        return ObserverLease.objects.filter(whose, name=NAME).update(holder=self.holder, until=moment + self.length)
