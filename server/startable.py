"""`python -m server.startable`: exits with status 1 and advice if a variable is invalid or the port is unavailable."""

import socket
from importlib import import_module

from server.variables import Variables, VariablesError


def check_port(host: str, port: int) -> None:
    """Raise `SystemExit`, with advice, if the service cannot listen on this port."""
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except (OSError, OverflowError) as error:
        raise SystemExit(
            f"The service can't listen on port {port} of {host}: {error}.\n"
            "Stop what listens there, or choose another port: PORT=8001, for example."
        ) from None


if __name__ == "__main__":
    env = Variables()
    address = env.read("HOST"), env.read("PORT")
    try:
        env.check()
        import_module("server.settings")
    except VariablesError as error:
        error.exit()
    check_port(*address)
