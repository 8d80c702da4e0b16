"""What programs print when they die, by cause. The table is tried from the last line upwards.

A row: cause, weight, expression. Named groups (`name`, `host`, `port`, `path`, `user`) become words of the finding.
Weight 2 says what is wrong; weight 1 could be part of something else and counts only when no line says more.
"""

# ruff: noqa: E501 - a row of a table reads as one line

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.patterns import Match, Pattern

ENV = r"[A-Z][A-Z0-9]*_[A-Z0-9_]+|[A-Z][A-Z0-9_]{3,}"
HOST = r"(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.\-_]*[A-Za-z0-9])?)"
PORT = r"(?P<port>\d{2,5})"
UNSET = (
    r"(?:(?:is|was|must be|has|are)\s+)?(?:not\s+(?:be(?:en)?\s+)?(?:set|defined|found|provided|specified|configured|empty)"
    r"|unset|undefined|missing|required|empty|must be (?:set|defined|provided|specified)|set|defined|provided)"
)
FILE = r"(?P<path>/[^\s'\":,;()]+|[\w.\-/]+\.(?:ya?ml|json|toml|conf|cfg|ini|properties|env|xml|pem|crt|key|sql|txt))"

_ROWS: tuple[tuple[str, int, str], ...] = (
    # the image and the command
    ("exec-format-error", 2, r"exec format error|cannot execute binary file"),
    ("exec-format-error", 2, r"no match(?:ing manifest)? for (?:platform|linux/)"),
    ("command-not-found", 2, r"exec:? \\?\"?(?P<name>[^\s\"\\]+)\\?\"?: (?:executable file not found|stat .*no such file)"),
    ("command-not-found", 2, r"exec:? \\?\"?(?P<name>[^\s\"\\]+)\\?\"?: permission denied"),
    ("command-not-found", 2, r"(?:^|\s)(?:(?:/bin/)?(?:ba|a|da|z|k)?sh|[\w./\-]+\.sh|[\w./\-]*entrypoint[\w.\-]*): "
                             r"(?:(?:line )?\d+: )?(?P<name>[^\s:]+): (?:command )?not found"),
    ("command-not-found", 2, r"(?:^|\s)(?:/usr)?/bin/env: ['‘\"]?(?P<name>[^'’\":]+)['’\"]?: No such file"),
    ("command-not-found", 2, r"exec(?: failed)?:? ['\"]?(?P<name>[\w./\-]+)['\"]?: (?:no such file or directory|not found)"),
    ("command-not-found", 2, r"(?:can't open file|Cannot find module) ['\"](?P<name>/[^'\"]+\.(?:py|m?js|ts|rb|sh))['\"]"),
    ("command-not-found", 2, r"(?P<name>[\w.\-]+): (?:command not found|executable file not found)"),
    ("command-not-found", 2, r"(?:Unable to access jarfile|Could not find or load main class) (?P<name>\S+)"),
    ("script-syntax-error", 2, r"(?:^|/|\s)(?:ba|a|da|z|k)?sh: .*(?:syntax error|unterminated quoted|unexpected (?:EOF|end of file|token))"),
    ("script-syntax-error", 2, r"(?:\.sh|-c|entrypoint[\w.\-]*): (?:line )?\d+: .*(?:syntax error|unexpected (?:EOF|end of file|token)|unterminated)"),
    ("script-syntax-error", 2, r"syntax error near unexpected token|syntax error: (?:unexpected|unterminated)|Unterminated quoted string"),
    ("container-user-not-permitted", 2, r"(?:can ?(?:not|'t)|must not|should not|may not|refus\w+ to|not allowed to) (?:be )?(?:run|start|execut)\w*(?: \S+)? as (?:the )?['\"]?(?:root|super-?user|administrator)"),
    ("container-user-not-permitted", 2, r"runAsNonRoot and image (?:will run as root|has non-numeric user)|cannot verify user is non-root|runAsUser breaks non-root policy"),
    ("container-user-not-permitted", 2, r"root['\"]? execution of .* is not permitted|running as root is not (?:allowed|permitted|supported)|do not run .* as root"),
    ("container-user-not-permitted", 2, r"(?:must|needs? to|has to|should) be (?:run|started|executed)(?: as)? (?:the )?(?:root|super-?user|non-?root)|requires? root|must run as (?:root|non-?root)"),
    ("container-user-not-permitted", 2, r"bind\(\)? to \S+ failed \(13: Permission denied\)|listen (?:tcp )?\S*:\d{2,3}: bind: permission denied|EACCES.*(?:0\.0\.0\.0|::):\d{2,3}\b"),
    ("container-user-not-permitted", 1, r"(?:mkdir|chown|setuid|setgid|initgroups)\S* .*(?:13: Permission denied|Operation not permitted)"),
    # the port, the disk, the certificate
    ("port-already-in-use", 2, r"EADDRINUSE\D*(?P<port>\d{2,5})?|address (?:is )?already in use\D*(?P<port2>\d{2,5})?"),
    ("port-already-in-use", 2, rf"port {PORT} (?:is|was) already (?:in use|allocated|used)|(?:bind|listen).*:{PORT.replace('port', 'port2')}\b.*in use"),
    ("volume-full", 2, r"no space left on device|\bENOSPC\b|disk (?:is )?full|disk quota exceeded"),
    ("app-certificate-expired", 2, r"certificate has expired|certificate (?:is )?expired|CertificateExpired|validity check failed: NotAfter|expired certificate|alert certificate expired|cert(?:ificate)? .*\bexpired (?:on|at)\b|CERT_HAS_EXPIRED"),
    # the database
    ("db-auth-failed", 2, r"password authentication failed for (?:user|role) \\?[\"'](?P<user>[^\"'\\]+)|\b28P01\b"),
    ("db-auth-failed", 2, r"Access denied for user ['\"](?P<user>[^'\"]+)|ER_ACCESS_DENIED|no pg_hba\.conf entry|WRONGPASS|NOAUTH Authentication|invalid username-password pair|SCRAM.*(?:fail|invalid)|Login failed for user|(?:mongo|sasl).*auth\w* failed|bad auth : Authentication failed|ACCESS_REFUSED - Login was refused"),
    ("db-auth-failed", 2, r"FATAL:\s+role \\?\"(?P<user>[^\"\\]+)\\?\" does not exist"),
    ("db-too-many-connections", 2, r"too many clients already|remaining connection slots|too many connections|\b53300\b|ER_CON_COUNT|no more connections allowed|max_client_conn|query_wait_timeout|max(?:imum)? (?:number of )?clients reached"),
    ("db-too-many-connections", 2, r"connection pool (?:is )?(?:exhausted|full|timed? ?out)|pool (?:is )?exhausted|pool exhaustion|QueuePool limit|HikariPool.*(?:not available|request timed out)|Timeout acquiring a connection|(?:could not|unable to|failed to|cannot|timed? ?out|timeout).{0,40}(?:get|acquir|obtain)\w* (?:a )?connection.{0,30}pool|all connections (?:are )?(?:in use|busy)|no (?:free|available|idle) connections?"),
    # names
    ("hostname-unresolvable", 2, rf"could not translate host name \\?[\"']{HOST}"),
    ("hostname-unresolvable", 2, rf"getaddrinfo (?:ENOTFOUND|EAI_AGAIN|EAI_NONAME) {HOST}"),
    ("hostname-unresolvable", 2, rf"lookup {HOST}(?: on [\d.:\[\]a-f]+)?: (?:no such host|server misbehaving|i/o timeout|Temporary failure|Try again|read udp)"),
    ("hostname-unresolvable", 2, rf"(?:Could not|couldn't|Unable to|failed to|cannot) (?:resolve|look ?up)(?: the)?(?: remote)?(?: host ?(?:name)?| address| (?:DNS )?name| server)+:? ?[\"'(]?{HOST}"),
    ("hostname-unresolvable", 2, rf"(?:can't|cannot) (?:resolve|find) ['\"]?{HOST}['\"]?(?::|$)"),
    ("hostname-unresolvable", 2, rf"UnknownHostException:? {HOST}|bad address ['\"‘]?{HOST.replace('host', 'host2')}|unable to resolve host address ['\"‘]?{HOST.replace('host', 'host3')}"),
    ("hostname-unresolvable", 2, rf"(?:host|hostname|server|connect(?:ing)? to|resolv\w+) [\"']?{HOST}[\"']?(?::\d+)?[:.,]* .*(?:Name or service not known|nodename nor servname|Temporary failure in name resolution|Name does not resolve|no such host)"),
    ("hostname-unresolvable", 2, rf"host not found in (?:upstream|resolver) [\"']{HOST}"),
    ("hostname-unresolvable", 1, r"Name or service not known|nodename nor servname|Temporary failure in name resolution|Name does not resolve|no such host|getaddrinfo failed|NXDOMAIN|server can't find|\bEAI_AGAIN\b|\bENOTFOUND\b"),
    # permissions in the cluster
    ("rbac-forbidden", 2, r"(?P<name>[\w.\-/]+)? ?is forbidden: User \\?[\"'](?P<user>system:serviceaccount:[^\"'\\]+)\\?[\"'] cannot (?P<verb>\w+) resource \\?[\"'](?P<resource>[^\"'\\]+)"),
    ("rbac-forbidden", 2, r"User \\?[\"']?(?P<user>system:(?:serviceaccount:[\w:.\-]+|anonymous))\\?[\"']? cannot (?P<verb>\w+)"),
    ("rbac-forbidden", 2, r"Error from server \(Forbidden\)"),
    # settings and files
    ("env-var-missing", 2, rf"(?i:environment variables?|env(?:ironment)? vars?|\benv\b):? ?[`'\"\[(]?(?P<name>{ENV})[`'\"\])]? {UNSET}"),
    ("env-var-missing", 2, rf"(?P<name>{ENV})[`'\"]? (?i:environment variable|env(?:ironment)? var|env|setting|variable|must be set|config\w*)s? ?{UNSET}?"),
    ("env-var-missing", 2, rf"(?i:missing|requires?|required|expected|set|specify|need|no|undefined|unset|provide)(?i: the| a| an| required| mandatory| following| one| of| as| all)* (?i:environment variables?|env(?:ironment)? vars?|env|configuration (?:key|variable)|config(?:uration)? value|settings?):?(?i: named| called| is| are)? ?[`'\"\[(]*(?P<name>{ENV})"),
    ("env-var-missing", 2, rf"(?:KeyError|ConfigError|MissingEnv\w*|UndefinedValueError|KeyNotFound\w*|NoSuchElement\w*|ImproperlyConfigured):.*?[`'\"]?\b(?P<name>{ENV})\b"),
    ("env-var-missing", 2, rf"\b(?P<name>{ENV}): (?:parameter (?:null or )?not set|unbound variable|parameter null)"),
    ("env-var-missing", 2, rf"[`'\"]?\b(?P<name>[A-Z][A-Z0-9]*_[A-Z0-9_]+)\b[`'\"]?:? (?:{UNSET})\b"),
    ("env-var-missing", 2, rf"(?i:environment variables?|env vars?) (?i:not (?:found|set|defined)|missing|required|undefined):? [`'\"]?(?P<name>{ENV})"),
    ("env-var-missing", 2, r"(?:^|[:\]] )[`'\"]?(?P<name>[A-Z][A-Z0-9]{3,})[`'\"]? (?:is |was |must be )?(?:not set|unset|undefined|set|required|missing)\W*$"),
    ("env-var-missing", 2, r"^(?P<name>[A-Za-z]\w+): (?:Field required \[type=missing|field required \(type=value_error\.missing)"),
    ("env-var-missing", 2, r"Could not resolve placeholder '(?P<name>[^']+)'|required key (?P<name2>\S+) missing value|key not found: \"(?P<name3>[A-Z0-9_]+)\""),
    ("env-var-missing", 2, rf"You (?:must|need to) (?:specify|set|provide)[^A-Z]*(?:[a-z ]+)?(?P<name>{ENV})"),
    ("env-var-missing", 1, r"(?i:missing|required) (?:mandatory )?(?:environment variable|env var|configuration variable)"),
    ("config-file-missing", 2, rf"open\(?\)? ?[\"']?{FILE}[\"']?:? (?:failed \(2: )?(?i:no such file)"),
    ("config-file-missing", 2, rf"(?:FileNotFound\w*|ENOENT|NoSuchFile\w*|No such file or directory)[^/\n]*?[\"'(]?{FILE}"),
    ("config-file-missing", 2, rf"[\"']?{FILE}[\"']?:? \(?(?i:no such file or directory|file not found|does not exist|not found|cannot be (?:found|opened|read))"),
    ("config-file-missing", 2, rf"(?i:can(?:not|'t)|could not|unable to|failed to|error) (?i:open|read|find|load|stat|access|opening|reading|loading)(?i:ing)?[^/\n]{{0,40}}?[\"'(]?{FILE}"),
    ("config-file-missing", 2, rf"(?i:missing|not found|no)[: ]+(?:required )?(?:config(?:uration)? )?file:? ?[\"'(]?{FILE}"),
    # connections, after everything more precise
    ("db-connection-failed", 2, rf"could not connect to server.*running on host \\?[\"']{HOST}\\?[\"'].*?(?:on port {PORT}|$)"),
    ("db-connection-failed", 2, rf"connection to server at \\?[\"']{HOST}\\?[\"'][^,]*(?:, port {PORT})? failed|could not connect to server|Can't connect to (?:MySQL|local MySQL|PostgreSQL|database)[^'\"]*(?:['\"]{HOST.replace('host', 'host2')}(?::{PORT.replace('port', 'port2')})?)?|Communications link failure|MongoServerSelectionError|ServerSelectionTimeoutError|CommunicationsException"),
    ("db-connection-failed", 2, rf"Connection to {HOST}:{PORT} refused|(?:Error \d+ connecting to|could not connect to (?:redis|postgres\w*|mysql|mongo\w*|database)(?: at)?) {HOST.replace('host', 'host2')}:{PORT.replace('port', 'port2')}"),
    ("db-connection-failed", 2, r"the database system is (?:starting up|shutting down|in recovery)|pgbouncer cannot connect|server closed the connection unexpectedly"),
    ("connection", 2, rf"dial (?:tcp|udp) (?:\[?{HOST}\]?):{PORT}: (?:connect: )?(?P<how>connection refused|i/o timeout|connection timed out|no route to host|network is unreachable|connection reset|operation timed out)"),
    ("connection", 2, rf"(?P<how>ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH|ECONNRESET|ENETUNREACH)[ \"':]*{HOST}:{PORT}"),
    ("connection", 2, rf"(?i:connect(?:ion|ing)?|request|GET|POST|call|reach)\w*(?: failed)?(?: to| error for| for| with)? \(?[\"']?(?:\w+://)?(?:[\w%.\-]+:[^@\s]*@)?{HOST}:{PORT}\S*?[\"')]*.*?(?P<how>(?i:refused|timed? ?out|timeout|unreachable|no route|reset by peer))"),
    ("connection", 2, rf"(?:Failed|failed|Unable|unable|could not|Could not|cannot|Cannot) (?:to )?(?:connect|reach)(?: to)?(?: \w+)? ?(?:at )?[\"'(]?(?:\w+://)?(?:[\w%.\-]+:[^@\s]*@)?{HOST}(?: port |:){PORT}(?P<how>.*)"),
    ("connection", 2, rf"host='{HOST}', port={PORT}.*(?P<how>refused|timed? ?out|unreachable)"),
    ("connection", 2, rf"(?i:(?P<how>connection refused|timed out|timeout)).{{0,60}}?(?:\w+://)?{HOST}:{PORT}"),
    ("connection", 2, rf"https?://{HOST}(?::{PORT})?\S*.*?(?P<how>(?i:refused|timed? ?out|timeout|unreachable|no route|reset by peer|deadline exceeded|\b50[234]\b))"),
    ("connection", 2, r"curl: \((?:7|28)\) .*?(?P<how>(?i:refused|timed out|timeout|couldn't connect))|wget: (?P<how2>download timed out|can't connect)"),
    ("connection", 1, r"(?P<how>(?i:\btimed? ?-?out\b|no route to host|connection refused|ECONNREFUSED|ETIMEDOUT|connection timed out|connect timeout))"),
)  # fmt: skip
_CASELESS = {
    "exec-format-error", "container-user-not-permitted", "port-already-in-use", "volume-full", "script-syntax-error",
    "app-certificate-expired", "db-auth-failed", "db-too-many-connections", "hostname-unresolvable",
}  # fmt: skip
LOG_PATTERNS = tuple(
    (cause, weight, Pattern(f"(?i){expression}" if cause in _CASELESS else expression))
    for cause, weight, expression in _ROWS
)
# One cheap test for all of them: a line without any of these words matches no row.
HINT = Pattern(
    r"(?i)error|fail|not |no |missing|required|undefined|unset|unbound|denied|refus|unable|cannot|can't|could|must|need|"
    r"exhaust|too many|expired|forbidden|timeout|timed|ECONN|ENO|EADDR|EAI|in use|exception|unexpected|syntax|exec|"
    r"dial|unknown|NXDOMAIN|empty|slots|pool|root|reset|50[234]|EHOST|ENET|ETIMED|parameter|KeyError|full|specify|set |invalid|NotAfter|WRONGPASS|NOAUTH"
)

# A missing setting that the program gets over, by its own words, or warns of before it fails of something else.
SETTINGS = frozenset({"env-var-missing", "config-file-missing"})
GOT_OVER = Pattern(
    r"(?i)\busing (?:the |a |its |built-?in )?defaults?\b|\bdefault(?:s|ing)? to\b|\bfall(?:ing|s)? ?back\b|\b(?:skipping|ignoring|disabled)\b"
)
WARNS = Pattern(r"(?i)\bwarn(?:ing)?\b")
FAILS = Pattern(r"\w*(?:Error|Exception)\b|\bpanic:|(?i:\b(?:fatal|error)\b)")


@dataclass(frozen=True, slots=True)
class LogMatch:
    """`words` holds the named groups that matched; `cause` may be "connection", which a check must still place."""

    cause: str
    line: str
    words: dict[str, str] = field(default_factory=dict)
    count: int = 1


def match_log(lines: Sequence[str]) -> LogMatch | None:
    """The most telling of the last lines: the last one of weight 2, else the last one of weight 1."""
    weak: LogMatch | None = None
    failed = False
    for line in reversed(lines):
        found = match_line(line)
        if found and failed and found[1].cause in SETTINGS and WARNS.search(line[:120]):
            continue
        failed = failed or FAILS.search(line) is not None
        if found and found[0] == 2:
            return found[1]
        if found and weak is None:
            weak = found[1]
    return weak


def match_line(line: str) -> tuple[int, LogMatch] | None:
    """(weight, match) of the first row, in order, that matches; rows of weight 2 before those of weight 1."""
    if not HINT.search(line):
        return None
    weak: LogMatch | None = None
    is_got_over = GOT_OVER.search(line) is not None
    for cause, weight, expression in LOG_PATTERNS:
        if (weight == 1 and weak is not None) or (cause in SETTINGS and is_got_over):
            continue
        found = expression.search(line)
        if found:
            match = LogMatch(cause, line, _words(found))
            if weight == 2:
                return 2, match
            weak = match
    return (1, weak) if weak else None


def _words(found: Match) -> dict[str, str]:
    """Named groups without the digit that keeps them apart inside one expression."""
    return {key.rstrip("23"): value for key, value in found.groupdict().items() if value}
