from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("media_store", "0003_condemned_blobs_are_due"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="blob",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "condemned"), _negated=True),
                    models.Q(("collect_at__isnull", False), ("condemned_at__isnull", False)),
                    _connector="OR",
                ),
                name="blob_condemned_is_due",
            ),
        ),
    ]
