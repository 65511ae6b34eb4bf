"""OpenAPI, the contract of the REST API."""
