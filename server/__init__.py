"""The service around both APIs: settings, routes, the process."""
