"""The closed sets of tenants."""

from core.actor import Role

ROLE_ALLOWS = {
    Role.VIEWER: "See the tenant: its services, diagnosis, logs, configuration, history and operations.",
    Role.DEVELOPER: "All a viewer may, and deploy, configure, roll back, scale and add services; cancel operations.",
    Role.OWNER: "All a developer may, and say who is a member.",
}
ADMIN_ALLOWS = "Everything in every tenant, and what only platform admins may: deleting tenants and retiring services."
