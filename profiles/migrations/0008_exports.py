"""Count exports, link admin sessions to accounts, and add indexes on references to accounts."""

from typing import Any

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

# For deleting an account: its log entries are looked up in Django's table. We have no model for it, so this is SQL.
INDEX = "CREATE INDEX profile_admin_log ON django_admin_log (content_type_id, object_id)"


def end_sessions(apps: Any, schema_editor: Any) -> None:
    """Delete the sessions in Django's own table, which is no longer used."""
    apps.get_model("sessions", "Session").objects.using(schema_editor.connection.alias).all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("profiles", "0007_idempotencykey_answer"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("sessions", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="AdminSession",
            fields=[
                (
                    "session_key",
                    models.CharField(max_length=40, primary_key=True, serialize=False, verbose_name="session key"),
                ),
                ("session_data", models.TextField(verbose_name="session data")),
                ("expire_date", models.DateTimeField(db_index=True, verbose_name="expire date")),
                ("created_at", models.DateTimeField()),
                (
                    "profile",
                    models.ForeignKey(
                        db_constraint=False,
                        help_text="Null before the sign-in.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="admin_sessions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"verbose_name": "session", "verbose_name_plural": "sessions", "abstract": False},
        ),
        migrations.CreateModel(
            name="Export",
            fields=[
                ("id", models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("started_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "profile",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="exports",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.AddIndex("change", models.Index(fields=["actor", "id"], name="change_by_actor")),
        migrations.AlterField(  # without its own index: the one above covers it
            model_name="change",
            name="actor",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.RunPython(end_sessions, migrations.RunPython.noop),
        migrations.RunSQL(INDEX, "DROP INDEX profile_admin_log"),
    ]
