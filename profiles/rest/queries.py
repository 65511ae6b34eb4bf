"""Query parameters: operations refuse unknown ones."""

from collections.abc import Container

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from profiles.core.fields import unknown
from profiles.core.parsers import read_query


def require_known_parameters(request: Request, known: Container[str] = ()) -> None:
    """Check that the URL's query has only known parameters.

    Raises:
        ValidationError: `unknown`, for each unknown parameter.
        Refused: BAD_REQUEST: a duplicate parameter.
    """
    if request.query_params and (errors := unknown(read_query(request.query_params), known)):
        raise ValidationError(errors)
