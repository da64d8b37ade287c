from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0004_policies_and_reconciliation_in_the_trail"),
    ]

    operations = [
        migrations.AlterField(
            model_name="auditevent",
            name="action",
            field=models.CharField(
                choices=[
                    ("device_destroyed", "device destroyed"),
                    ("device_cleared", "device cleared away"),
                    ("app_destroyed", "app destroyed"),
                    ("app_cleared", "app cleared away"),
                    ("hold_set", "legal hold set"),
                    ("hold_released", "legal hold released"),
                    ("retention_changed", "retention changed"),
                    ("media_removed", "media removed by staff"),
                    ("media_purged", "media purged by an operator"),
                    ("webhook_disabled", "webhook disabled"),
                    ("webhook_enabled", "webhook enabled"),
                    ("ingest_policy_changed", "ingest policy changed"),
                    ("key_issued", "API key issued"),
                    ("key_revoked", "API key revoked"),
                    ("store_marked", "store marked by an operator"),
                    ("storage_reconciled", "storage reconciled by an operator"),
                ],
                max_length=30,
            ),
        ),
    ]
