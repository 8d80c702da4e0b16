"""How operations run, how long they may take, and what the audit keeps."""

from mctl import env

READ_ONLY = env.boolean("MCTL_READ_ONLY", "false", meaning="nobody changes anything, at any door; reading goes on")
OPERATION_DEADLINE_S = env.seconds("MCTL_OPERATION_DEADLINE_S", "900", meaning="when an operation is given up")
OPERATION_LEASE_S = env.seconds("MCTL_OPERATION_LEASE_S", "30", meaning="silence after which a worker counts as dead")
OPERATION_POLL_S = env.seconds("MCTL_OPERATION_POLL_S", "5", meaning="how often a waiting step looks again unpoked")
REAPER_INTERVAL_S = env.seconds("MCTL_REAPER_INTERVAL_S", "5", meaning="how often overdue operations are looked for")
OBSERVER_LEASE_S = env.seconds("MCTL_OBSERVER_LEASE_S", "10", meaning="silence after which another observer takes over")
AUDIT_KEEP_DAYS = env.integer("MCTL_AUDIT_KEEP_DAYS", "0", meaning="days that audit entries are kept; 0: forever")
AUDIT_KEY = env.secret("MCTL_AUDIT_KEY", "", meaning="key that seals audit entries; keep it outside the database")
if AUDIT_KEY and len(AUDIT_KEY) < 32:
    raise env.WrongSetting("MCTL_AUDIT_KEY needs at least 32 random characters. Example: openssl rand -base64 32")
AUDIT_TRIM_INTERVAL_S = 3600.0
TALLY_INTERVAL_S = 30.0
