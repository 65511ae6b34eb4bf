"""The speed of our service beside that of others that answer the same requests: `python -m tests.bench.speed`."""
