"""Middleware around both APIs."""
