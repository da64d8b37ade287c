# What a gateway says of media, the lease of the outbox, and the ingest policies of devices.

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0003_webhooks"),
        ("media_store", "0007_media_by_url"),
    ]

    operations = [
        migrations.CreateModel(
            name="IngestPolicy",
            fields=[
                (
                    "device",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="devices.device",
                    ),
                ),
                (
                    "kinds",
                    models.JSONField(blank=True, help_text="The kinds that are kept; empty means any.", null=True),
                ),
                ("groups", models.BooleanField(default=True, help_text="Whether media of group chats is kept.")),
                ("statuses", models.BooleanField(default=True, help_text="Whether media of status updates is kept.")),
                (
                    "max_bytes",
                    models.PositiveBigIntegerField(
                        blank=True,
                        help_text="Nothing larger is kept; empty means as much as the service takes.",
                        null=True,
                    ),
                ),
                ("changed_at", models.DateTimeField()),
                ("changed_by", models.CharField(max_length=160)),
            ],
            options={
                "verbose_name_plural": "ingest policies",
            },
        ),
        migrations.AddField(
            model_name="media",
            name="chat_id",
            field=models.CharField(blank=True, max_length=255),
        ),
        migrations.AddField(
            model_name="media",
            name="claim_count",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="media",
            name="claimed_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="media",
            name="expiring_announced_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="media",
            name="network_message_id",
            field=models.CharField(blank=True, max_length=255),
        ),
        migrations.AddField(
            model_name="media",
            name="sent_at",
            field=models.DateTimeField(help_text="When the network says that it was sent.", null=True),
        ),
        migrations.AlterField(
            model_name="media",
            name="source",
            field=models.CharField(
                choices=[
                    ("base64", "Base64"),
                    ("file", "File"),
                    ("raw", "Raw"),
                    ("url", "Url"),
                    ("media", "Media"),
                    ("none", "None"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddIndex(
            model_name="media",
            index=models.Index(
                condition=models.Q(("delivery", "queued"), ("status", "ready")),
                fields=["app", "id"],
                name="media_outbox_of_app",
            ),
        ),
        migrations.AddIndex(
            model_name="media",
            index=models.Index(
                condition=models.Q(("delivery", "queued"), ("status", "ready")),
                fields=["device", "id"],
                name="media_outbox_of_device",
            ),
        ),
        migrations.AddIndex(
            model_name="media",
            index=models.Index(
                condition=models.Q(("network_message_id", ""), _negated=True),
                fields=["device", "network_message_id"],
                name="media_by_network_message",
            ),
        ),
        migrations.AddIndex(
            model_name="media",
            index=models.Index(condition=models.Q(("status", "omitted")), fields=["expires_at"], name="media_omitted"),
        ),
    ]
