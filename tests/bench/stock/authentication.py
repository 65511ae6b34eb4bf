"""REST framework authentication with django-graphql-jwt's tokens, because REST framework has no JWT of its own."""

from graphql_jwt.exceptions import JSONWebTokenError
from graphql_jwt.shortcuts import get_user_by_token
from graphql_jwt.utils import get_http_authorization
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed


class JSONWebTokenAuthentication(BaseAuthentication):
    def authenticate(self, request):
        token = get_http_authorization(request)
        if token is None:
            return None
        try:
            return get_user_by_token(token, request), token
        except JSONWebTokenError as error:
            raise AuthenticationFailed(str(error)) from error

    def authenticate_header(self, request):
        return "Bearer"
