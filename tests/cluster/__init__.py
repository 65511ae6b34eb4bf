"""The service and everything it needs, as plain processes: see `python -m tests.cluster --help`."""
