"""The Django admin, with the write path of both APIs."""
