"""What operators see of the service: metrics, logs, traces, errors. Each costs nothing where it is off."""
