"""How much one person or address may ask for, within any sixty seconds or at once."""

from mctl import env

READS_PER_MINUTE = env.integer("MCTL_READS_PER_MINUTE", "100", meaning="reads by one person's clients", least=1)
WRITES_PER_MINUTE = env.integer("MCTL_WRITES_PER_MINUTE", "20", meaning="changes by one person", least=1)
PAGES_PER_MINUTE = env.integer("MCTL_PAGES_PER_MINUTE", "600", meaning="pages and parts one person looks at", least=1)
SOCKETS_PER_MINUTE = env.integer("MCTL_SOCKETS_PER_MINUTE", "60", meaning="live connections one person opens", least=1)
STRANGERS_PER_MINUTE = env.integer(
    "MCTL_STRANGERS_PER_MINUTE",
    "300",
    meaning="requests without sign-in, or with a bad token, from one address",
    least=1,
)
OPEN_AT_ONCE = env.integer(
    "MCTL_OPEN_AT_ONCE", "20", meaning="live pages, streams and calls at /mcp of one person, each", least=1
)
