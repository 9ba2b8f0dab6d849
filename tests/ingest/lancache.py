"""A real LANCache on loopback: nginx as a slice cache and as an SNI proxy, its
resolver, an origin behind both, and clients that download and watch the clock."""

import contextlib
import http.client
import os
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.programs import need

MODULES = ("/usr/lib/nginx/modules/ngx_stream_module.so",)
SLICE = 1 << 20
CONFIGURATION = """
{modules}
worker_processes 2;
daemon off;
pid {place}/nginx.pid;
error_log {place}/error.log;
{user}
events {{ worker_connections 512; }}
http {{
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    access_log off;
    map "$http_user_agent|$http_host" $cacheidentifier {{
        default $http_host;
        "~Valve/Steam HTTP Client.*" steam;
        "~.*[|]epicgames-download1.akamaized.net" epicgames;
    }}
    log_format cachelog '[$cacheidentifier] $remote_addr / $http_x_forwarded_for'
        ' - $remote_user [$time_local] "$request" $status $body_bytes_sent'
        ' "$http_referer" "$http_user_agent" "$upstream_cache_status" "$host"'
        ' "$http_range"';
    proxy_cache_path {place}/cache levels=2:2 keys_zone=generic:10m;
    server {{
        listen {host}:{http};
        access_log {logs}/access.log cachelog;
        location / {{
            slice {slice};
            proxy_cache generic;
            proxy_cache_key $cacheidentifier$uri$slice_range;
            proxy_cache_valid 200 206 1h;
            proxy_cache_lock on;
            proxy_ignore_client_abort on;
            proxy_set_header Range $slice_range;
            proxy_set_header Host $host;
            proxy_pass http://{host}:{origin};
        }}
    }}
    server {{
        listen {host}:{origin};
        root {place}/origin;
        rewrite ^.*/([^/]+)$ /$1 break;
    }}
    server {{
        listen {host}:{tls_origin} ssl;
        ssl_certificate {place}/certificate.pem;
        ssl_certificate_key {place}/key.pem;
        root {place}/origin;
        limit_rate 1m;
    }}
}}
stream {{
    log_format stream_basic '$remote_addr [$time_local] $protocol $status'
        ' $bytes_sent $bytes_received $session_time "$ssl_preread_server_name"';
    resolver {host}:{dns} ipv6=off;
    server {{
        listen {host}:{tls};
        access_log {logs}/stream-access.log stream_basic;
        proxy_pass $ssl_preread_server_name:{tls_origin};
        ssl_preread on;
    }}
}}
"""


@dataclass(frozen=True)
class Got:
    """What a client received; ``seconds`` by its own clock."""

    bytes: int
    seconds: float


class Lancache:
    """One cache, on an address and ports of its own."""

    host = "127.0.0.1"

    def __init__(self, place: Path) -> None:
        self.place = place
        self.logs = place / "logs"
        self._running: list[subprocess.Popen[bytes]] = []
        names = ("http", "origin", "tls", "tls_origin", "dns")
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))

    def start(self) -> None:
        nginx, dnsmasq, openssl = need("nginx"), need("dnsmasq"), need("openssl")
        for name in ("logs", "cache", "origin", "proxy", "body"):
            (self.place / name).mkdir()
        self.place.chmod(0o755)
        subprocess.run(
            [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=*",
             "-keyout", self.place / "key.pem", "-out", self.place / "certificate.pem"],
            check=True, capture_output=True,
        )  # fmt: skip
        modules = [path for path in MODULES if Path(path).exists()]
        (self.place / "nginx.conf").write_text(
            CONFIGURATION.format(
                place=self.place,
                logs=self.logs,
                host=self.host,
                slice=SLICE,
                modules="\n".join(f"load_module {path};" for path in modules),
                user="user root;" if os.geteuid() == 0 else "",
                **self.ports,
            )
        )
        self._run(
            dnsmasq, "--no-daemon", "--conf-file=/dev/null", "--no-hosts",
            "--no-resolv", "--bind-interfaces", f"--listen-address={self.host}",
            f"--port={self.ports['dns']}", f"--address=/#/{self.host}",
            f"--pid-file={self.place}/dnsmasq.pid", "--user=", "--group=",
        )  # fmt: skip
        arguments = ["-c", str(self.place / "nginx.conf"), "-p", str(self.place)]
        self._run(nginx, "-e", f"{self.place}/error.log", *arguments)
        # Which is not logged; nginx listens to all of its ports or to none.
        self._await(self.ports["origin"])

    def _run(self, *command: str) -> None:
        output = (self.place / "output").open("ab")
        with output:
            self._running.append(
                subprocess.Popen(command, stdout=output, stderr=output)
            )

    def _await(self, port: int) -> None:
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection((self.host, port), 1).close()
                return
            except OSError:
                ended = [p.args for p in self._running if p.poll() is not None]
                if ended or time.monotonic() > deadline:
                    told = (self.place / "output").read_text()
                    raise RuntimeError(f"{ended} {told}") from None
                time.sleep(0.02)

    def stop(self) -> None:
        for process in reversed(self._running):
            process.send_signal(signal.SIGTERM)
        for process in self._running:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)

    def publish(self, name: str, size: int) -> None:
        """Let the origin serve ``size`` bytes under ``name``, in any directory."""
        (self.place / "origin" / name).write_bytes(os.urandom(size))

    def rename_logs(self, names: Sequence[str] = ("access", "stream-access")) -> None:
        for name in names:
            (self.logs / f"{name}.log").rename(self.logs / f"{name}.log.1")

    def reopen_logs(self) -> None:
        """Tell nginx that its logs were renamed, and wait until it has seen that."""
        pid = int((self.place / "nginx.pid").read_text())
        os.kill(pid, signal.SIGUSR1)
        deadline = time.monotonic() + 10
        while not (self.logs / "access.log").exists():
            assert time.monotonic() < deadline, "nginx does not reopen its logs"
            time.sleep(0.01)
        # Each worker reopens by itself, a moment after the master.
        time.sleep(0.3)

    def settle(self) -> None:
        """Wait until nginx has logged what clients have seen the end of."""
        time.sleep(0.5)

    def get(
        self,
        client: str,
        host: str,
        paths: Sequence[str],
        agent: str = "Valve/Steam HTTP Client 1.0",
    ) -> Got:
        """Fetch over HTTP through the cache, one after the other."""
        began, size = time.monotonic(), 0
        connection = http.client.HTTPConnection(
            self.host, self.ports["http"], 20, source_address=(client, 0)
        )
        with contextlib.closing(connection):
            for path in paths:
                connection.request(
                    "GET", path, headers={"Host": host, "User-Agent": agent}
                )
                size += len(connection.getresponse().read())
        return Got(size, time.monotonic() - began)

    def tls(self, client: str, host: str, path: str) -> Got:
        """Fetch over TLS through the SNI proxy; bytes are those on the wire."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        began = time.monotonic()
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        address = (self.host, self.ports["tls"])
        with socket.create_connection(address, 20, (client, 0)) as raw:
            conversation = context.wrap_bio(incoming, outgoing, server_hostname=host)
            request = (
                f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
            )
            size, asked = 0, False
            while True:
                with contextlib.suppress(ssl.SSLWantReadError):
                    if not asked:
                        conversation.do_handshake()
                        conversation.write(request.encode())
                        asked = True
                    while conversation.read(1 << 16):
                        pass
                raw.sendall(outgoing.read())
                data = raw.recv(1 << 16)
                if not data:
                    break
                size += len(data)
                incoming.write(data)
        return Got(size, time.monotonic() - began)


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens to, for TCP and UDP."""
    with contextlib.ExitStack() as held:
        ports: list[int] = []
        while len(ports) < count:
            tcp = held.enter_context(socket.socket())
            tcp.bind((Lancache.host, 0))
            port = tcp.getsockname()[1]
            udp = held.enter_context(socket.socket(type=socket.SOCK_DGRAM))
            with contextlib.suppress(OSError):
                udp.bind((Lancache.host, port))
                ports.append(port)
            # Closed with a reset: the port is free at once.
            linger = struct.pack("ii", 1, 0)
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        return ports


@pytest.fixture
def lancache(tmp_path: Path) -> Iterator[Lancache]:
    cache = Lancache(tmp_path / "lancache")
    cache.place.mkdir()
    try:
        cache.start()
        yield cache
    finally:
        cache.stop()
        shutil.rmtree(cache.place, ignore_errors=True)
