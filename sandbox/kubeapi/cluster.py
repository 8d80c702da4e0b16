"""The parts of the server, put together once; handlers are given the whole."""

from sandbox.kubeapi.admission import Admission
from sandbox.kubeapi.allocation import Allocator
from sandbox.kubeapi.auth import Authenticator
from sandbox.kubeapi.crds import Definitions
from sandbox.kubeapi.deletion import Deleter
from sandbox.kubeapi.garbage import Collector
from sandbox.kubeapi.rbac import Roles
from sandbox.kubeapi.resources import Registry
from sandbox.kubeapi.schemas import SchemaBook
from sandbox.kubeapi.store import Store
from sandbox.kubeapi.writes import Writer


class Cluster:
    def __init__(self, authenticator: Authenticator, *, certificate_authority: str = "") -> None:
        self.certificate_authority = certificate_authority
        self.authenticator = authenticator
        self.book = SchemaBook()
        self.registry = Registry(self.book)
        self.store = Store()
        self.allocator = Allocator(self)
        self.roles = Roles(self)
        authenticator.exists = self.store.exists
        self.admission = Admission(self)
        self.definitions = Definitions(self)
        self.writer = Writer(self)
        self.deleter = Deleter(self)
        self.collector = Collector(self)
