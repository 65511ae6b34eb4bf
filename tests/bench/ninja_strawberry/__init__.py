"""The same service with django-ninja and strawberry-graphql-django, on the tables of `tests.bench.stock`."""
