"""The service under load while something fails: `make faults` prints the results as a table."""
