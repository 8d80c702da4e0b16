"""The audit becomes a chain: entries written before are chained in their order."""

import hashlib
import json
from datetime import UTC

from django.db import migrations, models

COLUMNS = (
    "previous", "actor", "door", "client", "verb", "tenant", "target", "operation", "result", "reason", "parameters",
    "request_id", "plan_hash",
)
AT_ONCE = 1_000


def chain(apps, schema_editor):
    entry_model = apps.get_model("operations", "AuditEntry")
    chain_model = apps.get_model("operations", "AuditChain")
    digest, written, batch = "", 0, []
    for entry in entry_model.objects.order_by("pk").iterator(chunk_size=AT_ONCE):
        # A number such as 1e22 is read back in another spelling by some databases.
        entry.parameters = without_fractions(entry.parameters)
        entry.previous = digest
        at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
        spelled = {**{name: getattr(entry, name) for name in COLUMNS}, "at": at}
        text = json.dumps(spelled, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        entry.digest = digest = hashlib.sha256(text.encode()).hexdigest()
        written += 1
        batch.append(entry)
        if len(batch) == AT_ONCE:
            entry_model.objects.bulk_update(batch, ["parameters", "previous", "digest"])
            batch = []
    entry_model.objects.bulk_update(batch, ["parameters", "previous", "digest"])
    chain_model.objects.create(pk=1, digest=digest, written=written)


def without_fractions(value):
    if isinstance(value, dict):
        return {key: without_fractions(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_fractions(item) for item in value]
    return repr(value) if isinstance(value, float) else value


class Migration(migrations.Migration):
    dependencies = [("operations", "0002_wake_ups")]

    operations = [
        migrations.AlterModelOptions(
            name="auditentry", options={"ordering": ["-id"], "verbose_name_plural": "audit entries"}
        ),
        migrations.AddField("auditentry", "plan_hash", models.CharField(blank=True, default="", max_length=64), preserve_default=False),
        migrations.AddField("auditentry", "previous", models.CharField(blank=True, default="", max_length=64), preserve_default=False),
        migrations.AddField("auditentry", "digest", models.CharField(blank=True, default="", max_length=64), preserve_default=False),
        migrations.CreateModel(
            name="AuditChain",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(blank=True, max_length=64)),
                ("written", models.PositiveBigIntegerField(default=0)),
                ("removed_digest", models.CharField(blank=True, max_length=64)),
                ("removed", models.PositiveBigIntegerField(default=0)),
            ],
            options={"constraints": [models.CheckConstraint(condition=models.Q(pk=1), name="one_audit_chain")]},
        ),
        migrations.RunPython(chain, migrations.RunPython.noop),
    ]
