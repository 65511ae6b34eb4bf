"""The deprecations of a project that has some: `pytest tests/deprecations --ds tests.deprecations.settings`."""
