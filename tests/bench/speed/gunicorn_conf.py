"""gunicorn's settings for the compared projects: gunicorn's own worker, with as many threads as ours."""

worker_class = "gthread"
workers = 1
threads = 8
control_socket_disable = True
