"""What becomes of the service under load while something fails: `make faults` prints it as a table."""
