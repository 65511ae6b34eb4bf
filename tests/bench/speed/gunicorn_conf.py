"""gunicorn's settings for the projects that ours is compared with: its own worker, as many threads as ours."""

worker_class = "gthread"
workers = 1
threads = 8
control_socket_disable = True
