"""Query parameters: an operation refuses those that it does not take."""

from collections.abc import Container

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from profiles.core.fields import unknown
from profiles.core.parsers import read_query


def require_known_parameters(request: Request, known: Container[str] = ()) -> None:
    """Pass where the URL's query has no parameter but these.

    Raises:
        ValidationError: `unknown`, for each other parameter.
        Refused: BAD_REQUEST: a parameter is given twice.
    """
    if request.query_params and (errors := unknown(read_query(request.query_params), known)):
        raise ValidationError(errors)
