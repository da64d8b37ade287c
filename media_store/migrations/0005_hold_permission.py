from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("media_store", "0004_blob_condemned_is_due")]

    operations = [
        migrations.AlterModelOptions(
            name="media",
            options={
                "permissions": (
                    ("view_content", "Can open the files of media"),
                    ("remove_media", "Can remove the bytes of media"),
                    ("hold_media", "Can set and release legal holds"),
                ),
                "verbose_name_plural": "media",
            },
        ),
    ]
