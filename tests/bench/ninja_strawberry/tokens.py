"""Access tokens made with PyJWT, for both APIs."""

import jwt
from django.conf import settings

from tests.bench.stock.models import Profile


def owner_of(token):
    """The active profile that owns a token, or None if the token is invalid."""
    try:
        claims = jwt.decode(token, settings.SECRET_KEY, algorithms=["HS256"])
    except jwt.InvalidTokenError:
        return None
    return Profile.objects.filter(pk=claims["sub"], is_active=True).first()
