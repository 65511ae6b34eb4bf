"""The service with all that it runs on, as plain processes: see `python -m tests.cluster --help`."""
