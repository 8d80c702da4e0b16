"""What this installation itself is made of: database, broker, processes, and the sources of the mirror."""

import asyncio
from collections.abc import Sequence
from secrets import token_hex
from typing import Any

from channels.layers import get_channel_layer
from django.conf import settings
from django.core.cache import cache
from django.db import connection

from core.clock import now
from core.start import start_warnings
from mctl.celery import app
from mctl.env import ONE_COMMAND
from mctl.health.lines import Line, Part, missing_line, not_asked_line, not_configured_line, ok_line
from mctl.probes import unapplied_migrations
from mctl.static_files import COLLECT, uncollected_files
from observer.models import ObserverLease
from operations.engine import last_round
from tenants.queries import sources

# A worker answers the broadcast when it comes to it. Their number is not known, so the whole time is waited.
WORKERS_ANSWER_WITHIN_S = 1.0
ECHO_WITHIN_S = 2.0
# Rounds that beat has sent may wait for a worker that is busy.
ROUNDS_MISSED = 6
MOST_NAMED = 3
START = "Start it as Procfile does, and look at its log."


def look_at_settings() -> Sequence[Line]:
    found = [
        not_configured_line("Settings", warning.msg, warning.hint or "", is_required=False)
        for warning in start_warnings()
    ]
    if settings.SECRET_KEY.startswith(ONE_COMMAND) and not settings.DEBUG:
        sentence = "MCTL_SECRET_KEY is not set: the web process, the workers and beat do not start."
        found.insert(
            0, not_configured_line("Secret key", sentence, "Make one for all processes: openssl rand -base64 48")
        )
    return found or [ok_line("Settings", "They can be read and do not contradict each other.")]


def look_at_static_files() -> Line:
    lacking = uncollected_files()
    if not lacking:
        return ok_line("Static files", "Style sheets and scripts are those of this version.")
    sentence = f"{len(lacking)} are not collected, such as {lacking[0]}: pages that need one answer 500, or look old."
    return missing_line("Static files", sentence, f"Run: {COLLECT}. Then start the web process again.")


def look_at_database() -> Line:
    if connection.vendor == "postgresql":
        # The pool tries again and again, and names no reason. One plain connection does.
        params = {**connection.get_connection_params(), "connect_timeout": int(ECHO_WITHIN_S)}
        connection.Database.connect(**params).close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    version = ".".join(str(part) for part in connection.get_database_version())
    return ok_line("Database", f"{connection.display_name} {version} answers.")


def look_at_migrations() -> Line:
    unapplied = unapplied_migrations()
    if not unapplied:
        return ok_line("Migrations", "All are applied.")
    more = len(unapplied) - MOST_NAMED
    named = ", ".join(unapplied[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    return missing_line("Migrations", f"Not applied: {named}.", "Run: python manage.py migrate")


def look_at_broker() -> Line:
    with app.connection_for_write(connect_timeout=ECHO_WITHIN_S) as broker:
        broker.ensure_connection(max_retries=1, interval_start=0.1, timeout=ECHO_WITHIN_S)
    return ok_line("Broker", "It takes messages.")


def look_at_cache() -> Line:
    key, value = f"system-check:{token_hex(4)}", token_hex(4)
    cache.set(key, value, 10)
    if cache.get(key) != value:
        return missing_line(
            "Cache", "It forgets at once what it is given.", "Give the server of MCTL_BROKER_URL memory."
        )
    return ok_line("Cache", "It keeps what it is given.")


def look_at_channel_layer() -> Line:
    asyncio.run(asyncio.wait_for(echo(), ECHO_WITHIN_S))
    return ok_line("Channel layer", "Open pages hear of changes.")


async def echo() -> None:
    layer: Any = get_channel_layer()
    channel = await layer.new_channel()
    await layer.send(channel, {"type": "system.check"})
    await layer.receive(channel)


def look_at_workers() -> Line:
    with app.connection_for_write(connect_timeout=ECHO_WITHIN_S) as broker:
        broker.ensure_connection(max_retries=1, interval_start=0.1, timeout=ECHO_WITHIN_S)
        answers = app.control.ping(timeout=WORKERS_ANSWER_WITHIN_S, connection=broker)
    if not answers:
        return missing_line("Workers", "No worker answers: operations wait.", START)
    return ok_line("Workers", "1 worker answers." if len(answers) == 1 else f"{len(answers)} workers answer.")


def look_at_beat() -> Line:
    last = last_round()
    every_s = settings.REAPER_INTERVAL_S
    if last is None:
        return missing_line("Beat", "No worker has been sent a round of the reaper within a day.", START)
    age_s = (now() - last).total_seconds()
    if age_s > ROUNDS_MISSED * every_s + settings.OPERATION_LEASE_S:
        sentence = f"The last round of the reaper was {age_s:.0f} s ago; one is sent every {every_s:g} s."
        return missing_line("Beat", sentence, f"{START} Where no worker answers, start one first.")
    return ok_line("Beat", f"The last round of the reaper was {age_s:.0f} s ago.")


def look_at_observer() -> Line:
    held = ObserverLease.objects.order_by("-until").first()
    if held is None:
        return missing_line("Observer", "No observer runs: what pages show does not change.", START)
    if held.until < now():
        return missing_line("Observer", f"The last one stopped at {held.until:%Y-%m-%d %H:%M:%S} UTC.", START)
    return ok_line("Observer", f"The active one runs on {held.holder.partition(':')[0]}.")


def look_at_sources() -> Sequence[Line]:
    return [source_line(source) for source in sources()]


def source_line(source: Any) -> Line:
    name, age_s = str(source["label"]), source["age_s"]
    read = "never read" if age_s is None else f"last read {age_s:.0f} s ago"
    if source["ok"]:
        return ok_line(name, f"{read.capitalize()}.")
    # The system itself, or the right, has a line of its own that fails.
    if source["error"]:
        remedy = "See the lines of this system, and of the rights where it is Kubernetes: they say what to do."
        return not_asked_line(name, f"{source['error']} {read.capitalize()}.", remedy, is_required=False)
    return not_asked_line(name, f"Too long ago: {read}.", "See the lines of the processes.", is_required=False)


INSTANCE, PROCESSES, MIRROR = "This installation", "Processes", "Sources of the mirror"
BROKER_REMEDY = "See that the server of MCTL_BROKER_URL runs and can be reached from here."
DATABASE_REMEDY = "See that the server of DATABASE_URL runs, can be reached from here and takes the password."
TABLES_REMEDY = "See what the lines of the database and its migrations say."
PARTS = (
    Part(INSTANCE, "Settings", look_at_settings),
    Part(INSTANCE, "Static files", look_at_static_files, "See that MCTL_VAR_DIR can be read."),
    Part(INSTANCE, "Database", look_at_database, DATABASE_REMEDY),
    Part(INSTANCE, "Migrations", look_at_migrations, DATABASE_REMEDY, stands_on="Database"),
    Part(INSTANCE, "Broker", look_at_broker, BROKER_REMEDY),
    Part(INSTANCE, "Cache", look_at_cache, BROKER_REMEDY),
    Part(INSTANCE, "Channel layer", look_at_channel_layer, BROKER_REMEDY),
    Part(PROCESSES, "Workers", look_at_workers, BROKER_REMEDY, stands_on="Broker"),
    Part(PROCESSES, "Beat", look_at_beat, BROKER_REMEDY, stands_on="Cache"),
    Part(PROCESSES, "Observer", look_at_observer, TABLES_REMEDY, stands_on="Database"),
    Part(MIRROR, "Sources", look_at_sources, TABLES_REMEDY, stands_on="Database"),
)
