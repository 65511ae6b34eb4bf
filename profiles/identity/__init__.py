"""Authentication and rate limits: tokens, sign-ins, passwords, codes."""
