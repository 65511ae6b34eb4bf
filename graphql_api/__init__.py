"""The GraphQL door: thin adapters over `profiles`."""
