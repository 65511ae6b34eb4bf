"""Store the response of each sign-up with a key. Existing keys, which last a day, have none and are deleted."""

from typing import Any

from django.db import migrations, models


def delete(apps: Any, schema_editor: Any) -> None:
    apps.get_model("profiles", "IdempotencyKey").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("profiles", "0006_tokens_in_families")]

    operations = [
        migrations.RunPython(delete, migrations.RunPython.noop),
        migrations.AddField(
            "idempotencykey",
            "answer",
            models.TextField(default="", help_text="The profile as it was shown then, in JSON."),
            preserve_default=False,
        ),
    ]
