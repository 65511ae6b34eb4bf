"""The GraphQL API: thin adapters over `profiles`."""
