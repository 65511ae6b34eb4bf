"""The comparison project, written after the documentation of REST framework, graphene-django and django-graphql-jwt.

It has no rate limit, history, precondition, field policy, or limit on a GraphQL document.
"""
