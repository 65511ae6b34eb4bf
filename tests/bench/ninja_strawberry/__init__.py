"""The same service by django-ninja and strawberry-graphql-django, over the tables of `tests.bench.stock`."""
