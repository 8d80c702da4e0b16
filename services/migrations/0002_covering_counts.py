from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("services", "0001_initial")]

    operations = [
        migrations.RemoveIndex(model_name="service", name="service_by_tenant_health"),
        migrations.RemoveIndex(model_name="service", name="service_by_health"),
        migrations.AddIndex(
            model_name="service",
            index=models.Index(fields=["tenant", "health", "sync", "urgency"], name="service_counts_by_tenant"),
        ),
        migrations.AddIndex(
            model_name="service",
            index=models.Index(fields=["health", "sync", "urgency"], name="service_counts"),
        ),
    ]
