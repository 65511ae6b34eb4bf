"""A real Prometheus scrapes two workers, sums them, and evaluates each rule and each dashboard panel."""

import json
import re
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import psutil
import pytest
import yaml
from django.conf import settings

from tests.server.conftest import MOST_SECONDS, TRUST, ServerClient, serving
from tests.server.observability.conftest import DASHBOARD, RULES, wait_until

METRIC = re.compile(r"\bprofiles_[a-z_]+")
SENT = 60  # requests to each API per round
WORKERS = 2
MAIL = {"EMAIL_URL": "smtp://127.0.0.1:1", "MAIL_FROM": "profiles@example.com", "SITE_URL": "https://example.com"}
ISSUERS = json.dumps([{"issuer": "https://id.example.com", "audience": "profiles"}])


@pytest.fixture
def metrics_port(free_tcp_port_factory):
    return free_tcp_port_factory()


@contextmanager
def observed(tmp_path, metrics_port, **environment):
    """Run two workers; yield their address and a function that scrapes them."""
    (tmp_path / "metrics").mkdir()
    own = {"METRICS_PORT": str(metrics_port), "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "metrics")}
    with serving(tmp_path / "log", WEB_CONCURRENCY=str(WORKERS), **own, **environment) as address:
        metrics = f"http://127.0.0.1:{metrics_port}/metrics"
        yield address, lambda: httpx.get(metrics, verify=TRUST).raise_for_status().text


@contextmanager
def scraping(prometheus_programs, tmp_path, metrics_port, port):
    """Run Prometheus with our rules; yield a function that returns the data of a path of its API."""
    config = {
        "global": {"scrape_interval": "3s", "scrape_timeout": "3s", "evaluation_interval": "1s"},
        "rule_files": [str(RULES)],
        "scrape_configs": [{"job_name": "profiles", "static_configs": [{"targets": [f"127.0.0.1:{metrics_port}"]}]}],
    }
    (tmp_path / "prometheus.yaml").write_text(yaml.safe_dump(config))
    arguments = {
        "config.file": "prometheus.yaml",
        "storage.tsdb.path": "data",
        "web.listen-address": f"127.0.0.1:{port}",
    }
    with (tmp_path / "prometheus.log").open("w") as log:
        process = subprocess.Popen(
            [prometheus_programs["prometheus"], *(f"--{name}={value}" for name, value in arguments.items())],
            cwd=tmp_path,
            stdout=log,
            stderr=log,
        )

    def ask(path, **parameters):
        try:
            answer = httpx.get(f"http://127.0.0.1:{port}/api/v1/{path}", params=parameters, verify=TRUST)
        except httpx.ConnectError:
            return None  # not started yet
        return answer.json()["data"] if answer.status_code == 200 else None

    try:
        yield ask
    finally:
        process.terminate()
        process.wait(MOST_SECONDS)


def value(ask, query):
    """The value of a query, or None."""
    result = (ask("query", query=query) or {}).get("result")
    return float(result[0]["value"][1]) if result else None


def wait_for_value(ask, query, expected):
    """Wait until the query has this value."""
    seen = []

    def is_there():
        seen.append(value(ask, query))
        return seen[-1] == expected

    wait_until(is_there, told=lambda: f"{query} is {seen[-1]}, not {expected}")


def send(address, token):
    """Send the same reads to both APIs, on enough connections to reach both workers."""
    headers = ServerClient.proxied | {"authorization": f"Bearer {token}"}
    requests = [("GET", "/profiles/me/", None), ("POST", "/graphql/", {"query": "{ me { pk } }"})] * SENT

    def one(request):
        method, path, body = request
        httpx.request(method, address + path, json=body, headers=headers, timeout=60, verify=TRUST).raise_for_status()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, requests))


def workers_that_counted(folder):
    """The files of the workers that counted an operation."""
    return [path for path in folder.glob("counter_*.db") if b'"profiles_operations_total"' in path.read_bytes()]


def workers_of(metrics_port):
    """The processes of the service's workers, which share the port."""
    found = psutil.net_connections("tcp")
    return [psutil.Process(each.pid) for each in found if each.laddr.port == metrics_port and each.status == "LISTEN"]


def test_a_real_prometheus(cast, test_database, prometheus_programs, tmp_path, metrics_port, free_tcp_port_factory):
    token = cast.token("owner")
    dashboard = json.loads(DASHBOARD.read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    redis = f"redis://127.0.0.1:{free_tcp_port_factory()}"  # nothing listens there
    environment = {"REDIS_URL": redis, "OIDC_ISSUERS": ISSUERS, **MAIL, **test_database}
    with observed(tmp_path, metrics_port, **environment) as (address, scrape):
        rounds = 0
        while not rounds or len(workers_that_counted(tmp_path / "metrics")) < WORKERS:
            send(address, token)
            rounds += 1
            assert rounds < 20
        port = free_tcp_port_factory()
        with scraping(prometheus_programs, tmp_path, metrics_port, port) as ask:
            for api in ("rest", "graphql"):
                labels = f'{{operation="getOwnProfile",api="{api}",outcome="OK"}}'
                wait_for_value(ask, f"sum(profiles_operations_total{labels})", rounds * SENT)
                wait_for_value(ask, f'sum(profiles_request_seconds_count{{api="{api}"}})', rounds * SENT)

            killed, _other = workers_of(metrics_port)
            killed.send_signal(signal.SIGKILL)
            killed.wait(MOST_SECONDS)
            wait_until(lambda: not list((tmp_path / "metrics").glob(f"gauge_live*_{killed.pid}.db")))
            send(address, token)
            httpx.get(f"{address}/readyz").raise_for_status()  # from any worker: the newest mail state counts
            labels = '{operation="getOwnProfile",api="rest",outcome="OK"}'
            wait_for_value(ask, f"sum(profiles_operations_total{labels})", (rounds + 1) * SENT)

            check_rules(ask)
            names = {sample.split("{")[0].split(" ")[0] for sample in scrape().splitlines() if sample[0] != "#"}
            used = {name for text in (*queries, RULES.read_text()) for name in METRIC.findall(text)}
            assert used <= names
            for query in queries:
                assert ask("query", query=query.replace("$__rate_interval", "1m")), query


def check_rules(ask):
    """Check that each rule evaluates without an error, and that the missing Redis raises its alert."""

    def rules():
        found = [rule for group in (ask("rules") or {}).get("groups", []) for rule in group["rules"]]
        return found if found and all(rule["health"] != "unknown" for rule in found) else None

    found = wait_until(rules)
    assert {rule["name"]: (rule["health"], rule.get("lastError", "")) for rule in found} == {
        rule["alert"]: ("ok", "") for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]
    }
    away = lambda: [r for r in rules() or [] if r["name"] == "ProfilesRedisAway" and r["state"] != "inactive"]  # noqa: E731
    wait_until(away)


def test_the_metrics_are_on_their_own_port_alone(cast, test_database, tmp_path, metrics_port):
    with observed(tmp_path, metrics_port, **test_database) as (address, scrape):
        assert httpx.get(f"{address}/metrics", headers=ServerClient.proxied).status_code == 404
        wait_until(lambda: "profiles_operations_total{" in scrape())


@pytest.mark.skipif("sqlite" in settings.DATABASES["default"]["ENGINE"], reason="SQLite has no pool")
def test_the_pool_is_measured(cast, test_database, tmp_path, metrics_port):
    with observed(tmp_path, metrics_port, THREADS="3", **test_database) as (address, scrape):
        send(address, cast.token("owner"))
        sizes = [f'\nprofiles_database_pool{{state="size"}} {number}.0' for number in range(1, WORKERS * 3 + 1)]
        wait_until(lambda: httpx.get(f"{address}/livez") and any(size in scrape() for size in sizes))


def test_files_of_our_own_are_deleted_in_the_end(test_database, tmp_path, metrics_port):
    own = {"METRICS_PORT": str(metrics_port), "TMPDIR": str(tmp_path)}
    with serving(tmp_path / "log", **own, **test_database):
        assert len(list(tmp_path.glob("profiles-metrics-*/counter_*.db"))) >= 1
    assert list(tmp_path.glob("profiles-metrics-*")) == []


def test_readiness_says_the_state_of_mail(test_database, tmp_path, metrics_port):
    with observed(tmp_path, metrics_port, **MAIL, **test_database) as (address, scrape):
        answer = httpx.get(f"{address}/readyz")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok", "mail": "ok"})
        assert '\nprofiles_mail_messages{state="waiting"} 0.0' in scrape()
        assert "\nprofiles_mail_wait_seconds 0.0" in scrape()


def test_redis_away_is_a_warning_and_a_metric_of_readiness(cast, test_database, tmp_path, metrics_port, free_tcp_port):
    redis = f"redis://127.0.0.1:{free_tcp_port}"
    with observed(tmp_path, metrics_port, REDIS_URL=redis, **test_database) as (address, scrape):
        answer = httpx.get(f"{address}/readyz")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        assert "\nprofiles_redis_away 1.0" in scrape()
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert {line["level"] for line in lines if "Redis does not answer" in line["message"]} == {"warning"}
