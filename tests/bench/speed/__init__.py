"""The speed of our service and of others that answer the same requests: `python -m tests.bench.speed`."""
