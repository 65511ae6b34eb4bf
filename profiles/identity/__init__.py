"""Who is calling, and how often: tokens, sign-ins, passwords, rate limits."""
