"""Mail: the queue in the database, the messages, and the worker that sends them."""
