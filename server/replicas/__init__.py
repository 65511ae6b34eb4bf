"""Reads from PostgreSQL replicas that have all writes of the reader."""
