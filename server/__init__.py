"""How the service is run: settings, routes, the process."""
