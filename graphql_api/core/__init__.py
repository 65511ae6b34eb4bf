"""GraphQL over HTTP, for any schema."""
