# How far a changed rule has come among the media that it speaks of.

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("media_store", "0008_gateway"),
    ]

    operations = [
        migrations.AddField(
            model_name="retentionrule",
            name="pass_began_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="retentionrule",
            name="passed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="retentionrule",
            name="passed_to",
            field=models.UUIDField(null=True),
        ),
    ]
