"""Mail: a queue in the database, what the messages say, and the worker that sends them."""
