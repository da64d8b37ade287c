from typing import Any

from django.db import migrations
from django.db.models.functions import Coalesce


def set_due(apps: Any, _schema_editor: Any) -> None:
    blobs = apps.get_model("media_store", "Blob").objects.filter(state="condemned")
    blobs.update(condemned_at=Coalesce("condemned_at", "created_at"), collect_at=Coalesce("condemned_at", "created_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("media_store", "0002_how_media_leaves"),
    ]

    operations = [
        migrations.RunPython(set_due, migrations.RunPython.noop),
    ]
