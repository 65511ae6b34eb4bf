"""gunicorn's own settings: `gunicorn` beside this file serves the service."""

import os

wsgi_app = "server.wsgi"
bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"  # at SIGTERM its queued requests are answered; the sync worker resets them
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 8
keepalive = 75  # seconds, longer than a proxy keeps a connection: who closes first loses no request
control_socket_disable = True  # it is run by signals; two services of one user would share the socket
