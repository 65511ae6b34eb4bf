"""Instances of the service with the shipped configuration, and nginx in front of them."""

import ssl
import subprocess
import sys
from dataclasses import dataclass
from string import Template

import httpx

from tests.bench.service import LIMITS, PROXIED, ROOT, UNLIMITED, production
from tests.cluster.processes import Process, answers, free_port, program

TEMPLATE = ROOT / "server" / "deploy" / "nginx.conf.template"
UNTHROTTLED = dict.fromkeys(
    (
        *LIMITS,
        *("SIGN_IN_LIMIT_PER_ACCOUNT", "SIGN_IN_CEILING_PER_ACCOUNT", "SIGN_IN_LIMIT_PER_ADDRESS"),
        *("RECOVERY_LIMIT_PER_EMAIL", "RECOVERY_CEILING_PER_EMAIL", "RECOVERY_LIMIT_PER_ADDRESS"),
        *("SIGN_UP_LIMIT_PER_ADDRESS", "MAIL_LIMIT_PER_ACCOUNT"),
    ),
    UNLIMITED,
)


def environment(database_url, **variables):
    """The variables of a service behind a proxy on this machine. Instances with the same variables share keys."""
    return production(database_url) | {"TRUSTED_PROXIES": "127.0.0.1"} | variables


def manage(variables, *arguments):
    """Run a command of `manage.py`."""
    command = [sys.executable, "manage.py", *arguments]
    subprocess.run(command, cwd=ROOT, env=variables, check=True)


def instance(folder, name, variables, module="gunicorn", *arguments):
    """gunicorn with the shipped configuration, or a module that runs it and takes `arguments` before gunicorn's own."""
    folder.mkdir(exist_ok=True)
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    return Process(
        name,
        [sys.executable, "-m", module, *map(str, arguments), "--config", str(ROOT / "gunicorn.conf.py")],
        folder,
        address,
        lambda: is_ready(address),
        environment=variables | {"PORT": str(port), "PYTHONPATH": str(ROOT)},
    )


def is_ready(address):
    try:
        return httpx.get(f"{address}/readyz", headers=PROXIED, timeout=2).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


MAIN = """
daemon off;
worker_processes 2;
pid {folder}/pid;
error_log stderr;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/service.conf;
}}
"""


@dataclass
class Proxy(Process):
    """nginx. `plain` is its http address."""

    plain: str = ""

    @property
    def trust(self):
        """The TLS settings for its clients: httpx's `verify`."""
        return ssl.create_default_context(cafile=self.folder / "certificate.pem")


def proxy(folder, *instances, port=None):
    """nginx with the configuration from server/deploy, and its own certificate, `certificate.pem`."""
    folder.mkdir(exist_ok=True)
    port, plain = port or free_port(), f"127.0.0.1:{free_port()}"
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    request = [program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    request += ["-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*request, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    servers = " ".join(f"server {each.address.removeprefix('http://')} max_fails=0;" for each in instances)
    values = {
        "SERVERS": servers,
        "SERVER_NAME": "127.0.0.1",
        "HTTP_PORT": plain,
        "HTTPS_PORT": f"127.0.0.1:{port}",
        "CERTIFICATE": certificate,
        "CERTIFICATE_KEY": key,
    }
    (folder / "service.conf").write_text(Template(TEMPLATE.read_text()).safe_substitute(values))
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder))
    return Proxy(
        "nginx",
        ["nginx", "-c", str(folder / "nginx.conf"), "-e", "stderr"],
        folder,
        f"https://127.0.0.1:{port}",
        lambda: answers(port),
        plain=f"http://{plain}",
    )
