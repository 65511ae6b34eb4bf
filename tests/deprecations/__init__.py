"""A project with deprecations: `pytest tests/deprecations --ds tests.deprecations.settings`."""
