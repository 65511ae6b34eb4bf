"""Reads from replicas of PostgreSQL, each only while it has all that its reader wrote."""
