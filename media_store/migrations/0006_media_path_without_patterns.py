from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def drop_index(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop the index for patterns that Django adds to unique text: a path is compared for equality only.

    A million media had 142 MB of it, and each row that was purged wrote into it: a sixth of the work of a purge.
    """
    connection = schema_editor.connection
    if connection.vendor != "postgresql":
        return
    table = apps.get_model("media_store", "Media")._meta.db_table
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, table)
    for name, about in found.items():
        if about["columns"] == ["path"] and about["index"] and not about["unique"]:
            schema_editor.execute(f"DROP INDEX {schema_editor.quote_name(name)}")


class Migration(migrations.Migration):
    dependencies = [
        ("media_store", "0005_hold_permission"),
    ]

    operations = [
        migrations.RunPython(drop_index, migrations.RunPython.noop),
    ]
