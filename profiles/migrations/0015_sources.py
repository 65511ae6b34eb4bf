"""Rename a change's `door` to `source`, and update help texts. Executes no SQL."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("profiles", "0014_email_index")]

    operations = [
        # The column keeps its name, because the previous release uses it.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameField("change", "door", "source"),
                migrations.AlterField(
                    model_name="change",
                    name="source",
                    field=models.CharField(
                        choices=[
                            ("rest", "The REST API"),
                            ("graphql", "The GraphQL API"),
                            ("admin", "The admin"),
                            ("command", "A management command"),
                        ],
                        db_column="door",
                        max_length=10,
                    ),
                ),
            ]
        ),
        migrations.AlterField(
            model_name="change",
            name="request_id",
            field=models.UUIDField(help_text="X-Request-ID of the request.", null=True),
        ),
        migrations.AlterField(
            model_name="change",
            name="version",
            field=models.PositiveIntegerField(help_text="Version that this write created."),
        ),
        migrations.AlterField(
            model_name="personaltoken",
            name="label",
            field=models.CharField(help_text="Purpose of the token, in the owner's words.", max_length=100),
        ),
        migrations.AlterField(
            model_name="profile",
            name="bio",
            field=models.TextField(blank=True, default="", help_text="Text about the account.", max_length=2000),
        ),
        migrations.AlterField(
            model_name="profile",
            name="created_at",
            field=models.DateTimeField(
                default=django.utils.timezone.now, editable=False, help_text="Time of the sign-up."
            ),
        ),
        migrations.AlterField(
            model_name="profile",
            name="display_name",
            field=models.CharField(blank=True, default="", help_text="Name to display.", max_length=100),
        ),
        migrations.AlterField(
            model_name="profile",
            name="email_public",
            field=models.BooleanField(
                default=False, help_text="Whether everyone who can see the profile can see the email."
            ),
        ),
        migrations.AlterField(
            model_name="profile",
            name="email_verified",
            field=models.BooleanField(
                db_default=False, default=False, help_text="Whether the owner confirmed the email by a mailed code."
            ),
        ),
        migrations.AlterField(
            model_name="profile",
            name="language",
            field=models.CharField(
                choices=[("en", "English"), ("de", "Deutsch"), ("es", "Español")],
                db_default="en",
                default="en",
                help_text="Language of mail. Initially that of the sign-up's `Accept-Language`.",
                max_length=7,
            ),
        ),
        migrations.AlterField(
            model_name="profile",
            name="location",
            field=models.CharField(blank=True, default="", help_text="Location, as free text.", max_length=100),
        ),
        migrations.AlterField(
            model_name="profile",
            name="pending_email",
            field=models.EmailField(
                blank=True,
                help_text="New email that is not yet confirmed. Writing the current email cancels it.",
                max_length=254,
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="profile",
            name="sign_outs",
            field=models.PositiveIntegerField(default=0, editable=False, help_text="Number of sign-outs everywhere."),
        ),
        migrations.AlterField(
            model_name="profile",
            name="time_zone",
            field=models.CharField(default="UTC", help_text="IANA time zone, such as Europe/Madrid.", max_length=64),
        ),
        migrations.AlterField(
            model_name="profile",
            name="updated_at",
            field=models.DateTimeField(
                default=django.utils.timezone.now, editable=False, help_text="Time of the last change."
            ),
        ),
        migrations.AlterField(
            model_name="profile",
            name="updated_by",
            field=models.ForeignKey(
                editable=False,
                help_text="Account that made the last change. Null if you cannot see it.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="profile",
            name="username",
            field=models.CharField(
                help_text="Name for signing in and for finding the profile. Unique, ignoring case.", max_length=50
            ),
        ),
        migrations.AlterField(
            model_name="profile",
            name="version",
            field=models.PositiveIntegerField(
                default=1, help_text="Starts at 1, incremented by each write that changes something."
            ),
        ),
        migrations.AlterField(
            model_name="profile",
            name="visibility",
            field=models.CharField(
                choices=[
                    ("public", "Everybody"),
                    ("members", "Everybody who is signed in"),
                    ("private", "Nobody else"),
                ],
                default="members",
                help_text="Who can see the profile.",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="profile",
            name="website",
            field=models.URLField(blank=True, default="", help_text="An http or https URL."),
        ),
        migrations.AlterField(
            model_name="tokenfamily",
            name="address",
            field=models.CharField(db_default="", default="", help_text="Network of its last use.", max_length=64),
        ),
        migrations.AlterField(
            model_name="tokenfamily",
            name="client",
            field=models.CharField(db_default="", default="", help_text="User-Agent of its last use.", max_length=200),
        ),
    ]
