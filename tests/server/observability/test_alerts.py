"""The alert rules, tested with `promtool`: each fires alone for its cause, and none for a healthy service."""

import json
import subprocess

import pytest
import yaml

from tests.server.observability.conftest import RULES

MINUTES = 80
FIRING = 'count by (alertname) (ALERTS{alertstate="firing"})'
INSTANCE = 'instance="a",job="profiles"'
OPERATIONS = f'profiles_operations_total{{{INSTANCE},operation="getProfile",api="rest",outcome="%s"}}'
REQUESTS = f'profiles_request_seconds_bucket{{{INSTANCE},operation="getProfile",api="rest",le="%s"}}'
STATEMENTS = f'profiles_database_statement_seconds_bucket{{{INSTANCE},le="%s"}}'
EVENTS = f'profiles_security_events_total{{{INSTANCE},event="%s"}}'
ISSUER = f'profiles_issuer_failures_total{{{INSTANCE},issuer="https://id.example.com"}}'
MAIL = f'profiles_mail_messages{{{INSTANCE},state="%s"}}'
MAIL_WAIT = f"profiles_mail_wait_seconds{{{INSTANCE}}}"
WAITING = f'profiles_database_pool{{{INSTANCE},state="waiting"}}'


def a_minute(number):
    """A counter that grows by `number` each minute."""
    return f"0+{number}x{MINUTES}"


def always(number):
    return f"{number}x{MINUTES}"


HEALTHY = {  # series: its value each minute
    f"up{{{INSTANCE}}}": always(1),
    OPERATIONS % "OK": a_minute(6000),
    OPERATIONS % "NOT_FOUND": a_minute(3000),
    OPERATIONS % "INTERNAL": a_minute(1),
    OPERATIONS % "UNAVAILABLE": a_minute(1),
    OPERATIONS % "THROTTLED": a_minute(600),
    REQUESTS % "0.01": a_minute(9000),
    REQUESTS % "1": a_minute(9600),
    REQUESTS % "2.5": a_minute(9602),
    REQUESTS % "+Inf": a_minute(9602),
    STATEMENTS % "0.001": a_minute(9000),
    STATEMENTS % "0.1": a_minute(9990),
    STATEMENTS % "0.5": a_minute(10000),
    STATEMENTS % "+Inf": a_minute(10000),
    EVENTS % "sign_in": a_minute(600),
    EVENTS % "sign_in_failed": a_minute(300),
    EVENTS % "refresh_reuse": always(3),
    WAITING: always(0),
    f"profiles_database_pool_errors_total{{{INSTANCE}}}": always(7),
    f"profiles_database_away{{{INSTANCE}}}": always(0),
    f"profiles_redis_away{{{INSTANCE}}}": always(0),
    ISSUER: always(2),
    MAIL % "waiting": always(5),
    MAIL % "failed": always(3),
    MAIL_WAIT: always(2),
}

FIRES = {  # alert: the changed series
    "ProfilesDown": {f"up{{{INSTANCE}}}": always(0)},
    "ProfilesInternalErrors": {OPERATIONS % "INTERNAL": a_minute(120)},
    "ProfilesUnavailable": {OPERATIONS % "UNAVAILABLE": a_minute(120)},
    "ProfilesSlow": {REQUESTS % "2.5": a_minute(9800), REQUESTS % "+Inf": a_minute(9800)},
    "ProfilesDatabaseAway": {f"profiles_database_away{{{INSTANCE}}}": always(1)},
    "ProfilesDatabaseSlow": {STATEMENTS % "0.5": a_minute(10200), STATEMENTS % "+Inf": a_minute(10200)},
    "ProfilesPoolExhausted": {WAITING: always(1)},
    "ProfilesRedisAway": {f"profiles_redis_away{{{INSTANCE}}}": always(1)},
    "ProfilesIssuerAway": {ISSUER: a_minute(1)},
    "ProfilesMailLate": {MAIL_WAIT: a_minute(60)},
    "ProfilesMailNotTaken": {MAIL % "waiting": always(30)},
    "ProfilesMailFailed": {MAIL % "failed": f"3x{MINUTES - 10} 4x9"},
    "ProfilesPasswordsGuessed": {EVENTS % "sign_in_failed": a_minute(2400)},
    "ProfilesRefreshTokenReused": {EVENTS % "refresh_reuse": f"3x{MINUTES - 10} 4x9"},
    "ProfilesThrottled": {OPERATIONS % "THROTTLED": a_minute(6000)},
}


def unit_test(name, changes, firing):
    """A promtool test: with these changes of the healthy series, exactly these alerts fire at the end."""
    return {
        "name": name,
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in (HEALTHY | changes).items()],
        "promql_expr_test": [
            {
                "expr": FIRING,
                "eval_time": f"{MINUTES - 2}m",
                "exp_samples": [{"labels": f'{{alertname="{alert}"}}', "value": 1} for alert in firing],
            }
        ],
    }


def promtool(program, *arguments):
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_finds_nothing_wrong(prometheus_programs):
    promtool(prometheus_programs["promtool"], "check", "rules", "--lint-fatal", RULES)


def test_each_alert_fires_where_it_should_and_none_over_a_healthy_service(prometheus_programs, tmp_path):
    tests = [unit_test("healthy", {}, []), *(unit_test(name, changes, [name]) for name, changes in FIRES.items())]
    (tmp_path / "tests.yaml").write_text(json.dumps({"rule_files": [str(RULES)], "tests": tests}))
    promtool(prometheus_programs["promtool"], "test", "rules", tmp_path / "tests.yaml")


def test_an_alert_that_does_not_fire_would_be_found(prometheus_programs, tmp_path):
    tests = [unit_test("not healthy", FIRES["ProfilesDown"], [])]
    (tmp_path / "tests.yaml").write_text(json.dumps({"rule_files": [str(RULES)], "tests": tests}))
    with pytest.raises(AssertionError, match="ProfilesDown"):
        promtool(prometheus_programs["promtool"], "test", "rules", tmp_path / "tests.yaml")


def test_the_table_has_every_rule():
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    assert {rule["alert"] for rule in group["rules"]} == FIRES.keys()
