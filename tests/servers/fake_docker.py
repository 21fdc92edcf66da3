"""A stub of Docker's API, enough for testcontainers: its one container is a server that runs."""

import json
import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

_MULTIPLEXED = (
    b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\n"
    b"Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
)


class FakeDocker:
    """The daemon. `created` is what was asked for; `deleted` says whether it was given back."""

    def __init__(self, port: int, on_start: Any) -> None:
        self.created: dict[str, Any] = {}
        self.deleted = False
        ports = {"5432/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]}
        container = {
            "Id": "c0ffee",
            "Name": "/stub",
            "Image": "sha256:0",
            "State": {"Status": "running", "Running": True},
            "Config": {"Image": "postgres", "Env": [], "Labels": {}},
            "NetworkSettings": {"Ports": ports, "Networks": {}},
            "HostConfig": {},
            "Mounts": [],
        }
        listed = {
            "Id": "c0ffee",
            "Names": ["/stub"],
            "Image": "postgres",
            "Ports": [{"IP": "127.0.0.1", "PrivatePort": 5432, "PublicPort": port, "Type": "tcp"}],
            "State": "running",
            "HostConfig": {"NetworkMode": "bridge"},
            "NetworkSettings": {
                "Networks": {"bridge": {"Gateway": "127.0.0.1", "IPAddress": "127.0.0.1"}}
            },
        }
        answers: dict[str, tuple[int, Any]] = {
            "GET /_ping": (200, "OK"),
            "GET /version": (200, {"ApiVersion": "1.47", "MinAPIVersion": "1.24"}),
            "GET /info": (200, {"OperatingSystem": "stub"}),
            "GET /images/IMAGE/json": (200, {"Id": "sha256:0", "RepoTags": ["postgres"]}),
            "POST /containers/create": (201, {"Id": "c0ffee", "Warnings": []}),
            "POST /containers/c0ffee/start": (204, ""),
            "GET /containers/c0ffee/json": (200, container),
            "POST /containers/c0ffee/exec": (201, {"Id": "e1"}),
            "GET /exec/e1/json": (200, {"ID": "e1", "Running": False, "ExitCode": 0}),
            "GET /containers/json": (200, [listed]),
            "GET /networks": (200, []),
            "DELETE /containers/c0ffee": (204, ""),
        }
        daemon = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                """Say nothing: pytest's output is for tests."""

            def answer(self) -> None:
                path = re.sub(r"^/v[\d.]+|\?.*", "", self.path)
                path = re.sub(r"^/images/.*/json$", "/images/IMAGE/json", path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if path == "/exec/e1/start":
                    return self.stream(b"ok\n")
                if path == "/containers/create":
                    daemon.created = json.loads(body)
                if path == "/containers/c0ffee/start":
                    on_start(daemon.created)
                daemon.deleted |= self.command == "DELETE"
                code, content = answers.get(f"{self.command} {path}", (404, {"message": path}))
                text = content if isinstance(content, str) else json.dumps(content)
                self.send_response(code)
                self.send_header("Api-Version", "1.47")
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())
                return None

            def stream(self, text: bytes) -> None:
                self.wfile.write(_MULTIPLEXED + b"\x01\0\0\0" + len(text).to_bytes(4, "big") + text)
                self.wfile.flush()
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_WR)

            do_GET = do_POST = do_DELETE = do_HEAD = answer

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"tcp://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
