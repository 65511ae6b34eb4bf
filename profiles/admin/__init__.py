"""Django admin, through the same write path."""
