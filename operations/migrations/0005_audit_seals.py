"""Seals beside the digests: entries written before sealing began stay without one.

Every column has a default in the database: during an update, processes of the version before still write rows.
"""

from django.db import migrations, models

SEAL = models.CharField(max_length=64, blank=True, default="", db_default="")


class Migration(migrations.Migration):
    dependencies = [("operations", "0004_audit_indexes")]

    operations = [
        migrations.AddField("auditentry", "seal", SEAL),
        migrations.AddField("auditchain", "removed_seal", SEAL),
        migrations.AddField("auditchain", "unsealed", models.PositiveBigIntegerField(default=0, db_default=0)),
        migrations.AddField("auditchain", "unsealed_digest", SEAL),
        migrations.AddField("auditchain", "unsealed_seal", SEAL),
    ]
