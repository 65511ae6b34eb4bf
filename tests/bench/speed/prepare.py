"""`python -m tests.bench.speed.prepare PROJECT PROFILES`: fill a project's empty database, named by the environment.

Prints, in JSON, the primary key of the newest profile (`pk`) and its owner's token (`token`), valid for a day.
"""

import json
import sys
from datetime import UTC, datetime, timedelta

from tests.bench.corpus import fill, insert, vacuum

OWNER = {"username": "owner", "email": "owner@example.com", "password": "x", "visibility": "public"}
TOKEN_LIFETIME = timedelta(days=1)


def ours(count):
    fill(count)
    from django.conf import settings

    from profiles.identity import families
    from profiles.models import Profile

    settings.GRAPHQL_JWT["JWT_EXPIRATION_DELTA"] = TOKEN_LIFETIME
    owner = Profile.objects.create_user(**OWNER)
    return owner, families.start(owner).token


def stock(count):
    owner = of_the_others(count)
    from graphql_jwt.shortcuts import get_token

    return owner, get_token(owner)


def with_pyjwt(count):
    owner = of_the_others(count)
    import jwt
    from django.conf import settings

    claims = {"sub": str(owner.pk), "exp": datetime.now(UTC) + TOKEN_LIFETIME}
    return owner, jwt.encode(claims, settings.SECRET_KEY, "HS256")


def of_the_others(count):
    """Create `count` profiles and the owner's; return the owner."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    insert(count, "stock_profile")
    from tests.bench.stock.models import Profile

    owner = Profile.objects.create_user(**OWNER)
    vacuum()
    return owner


def main(project, count):
    owner, token = {"ours": ours, "stock": stock}.get(project, with_pyjwt)(int(count))
    print(json.dumps({"pk": owner.pk, "token": token}))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
