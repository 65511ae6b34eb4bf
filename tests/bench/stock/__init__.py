"""The comparison project: the documentation of REST framework, graphene-django and django-graphql-jwt, followed.

It has no rate limit, no history, no precondition, no policy by field, and no limit on a GraphQL document.
"""
