"""Profiles: models, policy, validation, writes, identity and the REST API."""
