"""The index for finding accounts by email, created without blocking writes."""

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Lower


class AddIndex(AddIndexConcurrently):
    """Adds an index; on PostgreSQL without a lock on the table."""

    def database_forwards(self, app_label: str, schema_editor: Any, *states: Any) -> None:
        adds = AddIndexConcurrently if schema_editor.connection.vendor == "postgresql" else migrations.AddIndex
        adds.database_forwards(self, app_label, schema_editor, *states)

    def database_backwards(self, app_label: str, schema_editor: Any, *states: Any) -> None:
        adds = AddIndexConcurrently if schema_editor.connection.vendor == "postgresql" else migrations.AddIndex
        adds.database_backwards(self, app_label, schema_editor, *states)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("profiles", "0013_addresses_and_codes")]

    operations = [AddIndex("profile", models.Index(Lower("email"), name="profile_email"))]
