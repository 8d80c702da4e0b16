"""Apart from the data of 0003: PostgreSQL builds no index on a table whose rows the same transaction has changed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("operations", "0003_audit_chain")]

    operations = [
        migrations.AddIndex("auditentry", models.Index(fields=["actor", "-id"], name="audit_by_actor")),
        migrations.AddIndex("auditentry", models.Index(fields=["result", "-id"], name="audit_by_result")),
        migrations.AddIndex("auditentry", models.Index(fields=["at"], name="audit_by_time")),
    ]
