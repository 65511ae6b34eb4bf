"""Indexes for lists. The indexes for words and prefixes exist on PostgreSQL only."""

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import migrations, models
from django.db.models.functions import Lower

WORDS = GinIndex(SearchVector("username", "display_name", "location", "bio", config="simple"), name="profile_words")
PREFIX = "CREATE INDEX profile_username_prefix ON profiles_profile (LOWER(username) text_pattern_ops)"


def add(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.add_index(apps.get_model("profiles", "Profile"), WORDS)
        schema_editor.execute(PREFIX)


def remove(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.remove_index(apps.get_model("profiles", "Profile"), WORDS)
        schema_editor.execute("DROP INDEX profile_username_prefix")


class Migration(migrations.Migration):
    dependencies = [("profiles", "0003_idempotencykey")]

    operations = [
        migrations.AddIndex("profile", models.Index("created_at", "id", name="profile_created")),
        migrations.AddIndex("profile", models.Index("updated_at", "id", name="profile_updated")),
        migrations.AddIndex("profile", models.Index(Lower("location"), "id", name="profile_location")),
        migrations.RunPython(add, remove),
    ]
