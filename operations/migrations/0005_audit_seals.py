"""Seals beside the digests: entries written before a key was set stay without one."""

from django.db import migrations, models

SEAL = models.CharField(max_length=64, blank=True)


class Migration(migrations.Migration):
    dependencies = [("operations", "0004_audit_indexes")]

    operations = [
        migrations.AddField("auditentry", "seal", SEAL),
        migrations.AddField("auditchain", "seal", SEAL),
        migrations.AddField("auditchain", "removed_seal", SEAL),
    ]
