"""64 connections at full load for five minutes: no errors, and constant memory."""

import json
import subprocess
import time
from contextlib import suppress

import psutil

from tests.cast import PASSWORD
from tests.cluster.processes import program
from tests.faults.load import READ, WRITE, sign_up
from tests.server.conftest import ServerClient

CONNECTIONS = 64
ACCOUNTS = 16
SECONDS = 300
SHORT = 5  # seconds without --at-length
SETTLED = 90  # seconds until caches are full and tokens were renewed: the workers keep the memory of passwords' hashes
MOST_GROWTH = 1.05  # growth of the memory allowed after that
SAMPLE = 1  # seconds between two samples of the memory
NEW_TOKENS = 60  # seconds between renewals; a token is valid for 300

# Four reads per write, over both APIs. Each thread of wrk rereads the tokens while it runs.
SCRIPT = """
local threads = {{}}
function setup(thread) table.insert(threads, thread) end
function init() failed, sent, read_at, accounts = 0, 0, 0, {{}} end
local function read_accounts()
  read_at, accounts = os.time(), {{}}
  for line in io.lines({accounts}) do
    local token, node = line:match("(%S+) (%S+)")
    table.insert(accounts, {{token = token, node = node}})
  end
end
function request()
  if os.time() > read_at + 5 then read_accounts() end
  sent = sent + 1
  local account = accounts[math.random(#accounts)]
  local headers = {{["Authorization"] = "Bearer " .. account.token, ["Content-Type"] = "application/json"}}
  local kind = sent % 10
  if kind == 0 then
    return wrk.format("PATCH", "/profiles/me/", headers, string.format('{{"bio": "%d"}}', math.random(10^9)))
  elseif kind == 5 then
    local body = (({write}):gsub("NODE", account.node):gsub("TEXT", math.random(10^9)))
    return wrk.format("POST", "/graphql/", headers, body)
  elseif kind % 2 == 0 then
    return wrk.format("GET", "/profiles/me/", headers)
  end
  return wrk.format("POST", "/graphql/", headers, {read})
end
function response(status, headers, body)
  if status ~= 200 or body:find('"errors": ?%[{{') then failed = failed + 1 end
end
function done(summary, latency)
  local refused = 0
  for _, thread in ipairs(threads) do refused = refused + thread:get("failed") end
  local errors = summary.errors
  io.write(string.format('{{"requests": %d, "refused": %d, "broken": %d, "p50": %f, "p99": %f}}\\n', summary.requests,
    refused, errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(50) / 1000,
    latency:percentile(99) / 1000))
end
"""


def script(accounts):
    values = {"id": "NODE", "bio": "TEXT"}
    bodies = {"read": {"query": READ}, "write": {"query": WRITE, "variables": {"input": values}}}
    texts = {name: json.dumps(json.dumps(body)) for name, body in bodies.items()}
    return SCRIPT.format(accounts=json.dumps(str(accounts)), **texts)


def write_tokens(client, names, path):
    """Write a line for each account: a new token, and its node id."""
    lines = []
    for name in names:
        signed_in = client.http.post("/auth/token/", json={"username": name, "password": PASSWORD}).raise_for_status()
        token = signed_in.json()["token"]
        me = client.http.get("/profiles/me/", headers={"authorization": f"Bearer {token}"}).raise_for_status()
        lines.append(f"{token} {me.json()['node_id']}\n")
    new = path.with_suffix(".new")
    new.write_text("".join(lines))
    new.replace(path)  # atomic, because wrk may read it at any time


def workers(running):
    return [worker for each in running.instances for worker in psutil.Process(each.process.pid).children()]


def memory(running):
    """The resident memory of all workers, in MB."""
    return sum(worker.memory_info().rss for worker in workers(running)) / 1_000_000


def cpu(running):
    """The CPU time that each part of the stack has used, in seconds."""
    parts = {"service": running.instances, "PostgreSQL": [running.postgresql], "PgBouncer": [running.pgbouncer]}
    parts |= {"Redis": [running.redis], "nginx": [running.proxy]}
    return {
        name: sum(sum(one.cpu_times()[:2]) for each in processes for one in each.family())
        for name, processes in parts.items()
    }


def test_five_minutes_of_full_load(two_services, request, note, tmp_path):
    is_long = request.config.getoption("--at-length")
    proxy = two_services.proxy
    client = ServerClient(proxy.address, verify=proxy.trust)
    names = [f"endurance-{n}" for n in range(ACCOUNTS)]
    for name in names:
        sign_up(proxy, name)
    accounts, lua = tmp_path / "accounts", tmp_path / "load.lua"
    write_tokens(client, names, accounts)
    lua.write_text(script(accounts))
    seconds = SECONDS if is_long else SHORT
    command = [program("wrk"), "-t2", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s", "-s", lua, proxy.address]
    before, began, renewed, used = cpu(two_services), time.monotonic(), time.monotonic(), []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as wrk:
        while wrk.poll() is None:
            used.append((time.monotonic() - began, memory(two_services)))
            if time.monotonic() > renewed + NEW_TOKENS:
                write_tokens(client, names, accounts)
                renewed = time.monotonic()
            with suppress(subprocess.TimeoutExpired):
                wrk.wait(SAMPLE)
        result = json.loads(wrk.stdout.read().splitlines()[-1])
    client.http.close()
    spent = {name: seconds - before[name] for name, seconds in cpu(two_services).items()}
    shares = ", ".join(f"{name} {share / spent['service']:.2f}" for name, share in spent.items())
    settled = [megabytes for at, megabytes in used if at >= min(SETTLED, seconds / 2)]
    note(
        f"{CONNECTIONS} connections for {seconds} s: {result['requests']:,} requests, {result['refused']} refused, "
        f"{result['broken']} broken, {result['p50']:.0f} ms in the median and {result['p99']:.0f} ms for 99 of 100; "
        f"memory of the workers {settled[0]:.0f} MB, at the end {settled[-1]:.0f} MB"
    )
    note(f"CPU time as a multiple of the service's: {shares}")
    assert (result["refused"], result["broken"]) == (0, 0)
    assert result["requests"] > CONNECTIONS
    if is_long:
        assert settled[-1] <= settled[0] * MOST_GROWTH
