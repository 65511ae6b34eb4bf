"""PostgreSQL without Patroni, the service's database in it, and PgBouncer in front of it."""

import signal
import subprocess

import psycopg

from tests.cluster.processes import Process, free_port, program, unprivileged

ADMIN = "postgres"  # the superuser
FOLLOWERS = "SELECT application_name, sync_state FROM pg_stat_replication WHERE state = 'streaming'"
NAME = "profiles"  # the database, and the role that owns it


def url(port, user=NAME, name=NAME):
    return f"postgres://{user}@127.0.0.1:{port}/{name}"


def server(folder, *settings):
    """PostgreSQL with a new data directory in this folder, and these `name=value` settings."""
    initialize = ["initdb", "--username", ADMIN, "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8"]
    return _of_data(folder, initialize, settings)


def replica(folder, port, *settings):
    """A replica of the PostgreSQL on this port, with these `name=value` settings."""
    copy = ["pg_basebackup", "--host", "127.0.0.1", "--port", str(port), "--username", ADMIN, "--checkpoint", "fast"]
    return _of_data(folder, [*copy, "--write-recovery-conf"], settings)


def _of_data(folder, command, settings):
    """PostgreSQL with the data directory that this command creates with `--pgdata`."""
    folder.mkdir(exist_ok=True)
    data, port = folder / "data", free_port()
    name, *arguments = command
    making = [program(name), *arguments, "--pgdata", data]
    subprocess.run(making, check=True, capture_output=True, cwd=folder, **unprivileged(folder))
    options = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", *settings]
    return Process(
        "postgresql",
        ["postgres", "-D", str(data), *(word for option in options for word in ("-c", option))],
        folder,
        f"127.0.0.1:{port}",
        lambda: accepts(port),
        is_unprivileged=True,
        stop_signal=signal.SIGINT,  # fast shutdown: ends sessions, writes data
    )


def accepts(port):
    """Whether PostgreSQL accepts connections on this port."""
    try:
        psycopg.connect(url(port, ADMIN, "postgres"), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def create_database(port):
    """Create the service's role and database."""
    with psycopg.connect(url(port, ADMIN, "postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {NAME} LOGIN")
        connection.execute(f"CREATE DATABASE {NAME} OWNER {NAME}")


def followers(port):
    """The standbys streaming from the server on this port, by name: "sync_standby" or "replica"."""
    try:
        with psycopg.connect(url(port, ADMIN, "postgres"), connect_timeout=2) as connection:
            rows = connection.execute(FOLLOWERS).fetchall()
    except psycopg.OperationalError:
        return {}
    return {name: "sync_standby" if state == "sync" else "replica" for name, state in rows}


# Shorter waits for PostgreSQL than by default, so that every request takes less than 2.5 s. PgBouncer ignores the
# `options` of the service's connections, so it sets the same values on each of its own. The service gives up before
# `query_timeout`.
WAITS = {"DATABASE_STATEMENT_TIMEOUT": "1.5", "DATABASE_POOL_TIMEOUT": "1.5"}
POOL = 20  # connections to PostgreSQL
SESSION = "SET statement_timeout = 1500; SET lock_timeout = 1000; SET max_parallel_workers_per_gather = 0"
PGBOUNCER = """
[databases]
{databases}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
stats_users = profiles
pool_mode = transaction
max_client_conn = 1000
default_pool_size = {pool}
ignore_startup_parameters = options
server_connect_timeout = 1
server_login_retry = 0.2
query_wait_timeout = 1
query_timeout = 3
server_check_delay = 1
tcp_keepalive = 1
"""


def pgbouncer(folder, **servers):
    """PgBouncer in transaction mode, with one database per name, on PostgreSQL's port."""
    folder.mkdir(exist_ok=True)
    port = free_port()
    databases = "\n".join(
        f"{name} = host=127.0.0.1 port={at} dbname={NAME} connect_query='{SESSION}'" for name, at in servers.items()
    )
    (folder / "users").write_text(f'"{NAME}" ""\n')
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(PGBOUNCER.format(databases=databases, port=port, folder=folder, pool=POOL))
    return Process(
        "pgbouncer",
        ["pgbouncer", str(configuration)],
        folder,
        f"127.0.0.1:{port}",
        lambda: session(port, next(iter(servers))),
        is_unprivileged=True,
        stop_signal=signal.SIGTERM,
    )


def session(port, name):
    """Whether a session as the service's role reaches a server."""
    try:
        with psycopg.connect(url(port, NAME, name), connect_timeout=2, autocommit=True) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False
