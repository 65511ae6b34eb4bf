"""Store the digests of a family's newest refresh token and its predecessor in the family; drop the table of tokens.

Reuse of an older token that was used before this migration no longer ends its family: it is refused as unknown. The
reverse migration creates a row for each of the two digests.
"""

from typing import Any

from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def keep_the_newest(apps: Any, schema_editor: Any) -> None:
    family, token = apps.get_model("profiles", "TokenFamily"), apps.get_model("profiles", "RefreshToken")
    newest = token.objects.filter(family=OuterRef("pk")).order_by("-pk")
    family.objects.update(
        digest=Subquery(newest.values("digest")[:1]),
        previous_digest=Subquery(newest.values("digest")[1:2]),
        rotated_at=Subquery(newest.values("used_at")[1:2]),
    )


def make_rows(apps: Any, schema_editor: Any) -> None:
    quote = schema_editor.quote_name
    family, token = (quote(apps.get_model("profiles", name)._meta.db_table) for name in ("TokenFamily", "RefreshToken"))
    schema_editor.execute(
        f"INSERT INTO {token} (family_id, digest, created_at, used_at) "  # noqa: S608  our own tables' names
        f"SELECT id, previous_digest, created_at, rotated_at FROM {family} WHERE previous_digest IS NOT NULL"
    )
    schema_editor.execute(
        f"INSERT INTO {token} (family_id, digest, created_at, parent_id) "  # noqa: S608
        f"SELECT f.id, f.digest, COALESCE(f.rotated_at, f.created_at), t.id FROM {family} f "
        f"LEFT JOIN {token} t ON t.digest = f.previous_digest WHERE f.digest IS NOT NULL"
    )


class Migration(migrations.Migration):
    dependencies = [("profiles", "0005_words")]

    operations = [
        migrations.AddField("tokenfamily", "digest", models.CharField(max_length=64, null=True)),
        migrations.AddField("tokenfamily", "previous_digest", models.CharField(max_length=64, null=True)),
        migrations.AddField("tokenfamily", "rotated_at", models.DateTimeField(null=True)),
        migrations.RunPython(keep_the_newest, make_rows),
        migrations.AlterField(
            "tokenfamily",
            "digest",
            models.CharField(
                max_length=64, null=True, unique=True, help_text="Of the newest refresh token: SHA-256, in hexadecimal."
            ),
        ),
        migrations.AlterField(
            "tokenfamily",
            "previous_digest",
            models.CharField(
                max_length=64, null=True, unique=True, help_text="Of the one before it, which was used at `rotated_at`."
            ),
        ),
        migrations.DeleteModel("RefreshToken"),
    ]
