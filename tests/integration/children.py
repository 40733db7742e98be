"""The processes of the tests in Python: servers and what they need, each ended with the test that began it."""
import http.client
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time

import yaml

KEY = {"Authorization": "Bearer s3cret"}
PATIENCE = 20 * int(os.environ.get("SIGNALBOX_TEST_SLOW", "1"))  # seconds; spent only when the test fails


class Child:
    """A process that ends with the test, however that ends."""

    def __init__(self, command):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=self.errors)

    def log(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")

    def stop(self):
        self.process.terminate()
        code = self.process.wait(PATIENCE)
        log = self.log()
        self.errors.close()
        assert code == 0 and "Sanitizer" not in log and "runtime error: " not in log, f"exit {code}\n{log}"


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"{what()} in vain")


class Redis(Child):
    def __init__(self):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        super().__init__([shutil.which("redis-server"), "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""])
        wait_for(lambda: self.answers("PING"), lambda: "waited for Redis")

    def answers(self, *words):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                parts = [word if isinstance(word, bytes) else word.encode() for word in words]
                connection.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))
                return connection.recv(4096)
        except OSError:
            return b""


class Server(Child):
    def __init__(self, binary, directory, **sections):
        config = {"server": {"listen": "127.0.0.1:0"}, "api": {"listen": "127.0.0.1:0", "keys": ["s3cret"]},
                  "logging": {"file": ""}, **sections}
        file = pathlib.Path(directory) / "signalbox.yaml"
        file.write_text(yaml.safe_dump(config))
        super().__init__([binary, "serve", "-c", str(file)])
        line = wait_for(lambda: re.search(r"ready: .* broker=.*", self.log()), lambda: "waited for " + self.log())[0]
        self.clients = int(re.search(r" listen=\S+:(\d+)", line)[1])
        self.port = int(re.search(r" api=\S+:(\d+)", line)[1])

    def await_readyz(self, status):
        wait_for(lambda: self.request("GET", "/readyz")[0] == status, lambda: f"waited for readyz {status}: {self.log()}")

    def exchange(self, method, request):
        """Sends the bytes on a new connection. Returns status, headers and body of the first answer."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection:
            connection.sendall(request)
            response = http.client.HTTPResponse(connection, method=method.upper())
            response.begin()
            return response.status, response.headers, response.read()

    def request(self, method, path, body=b"", headers=KEY):
        return self.exchange(method, request_bytes(method, path, body, headers))

    def connect(self, user):
        """A WebSocket as this user, registered."""
        client = socket.create_connection(("127.0.0.1", self.clients), PATIENCE)
        client.sendall(f"GET /?user_name={user} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
        wait_for(lambda: self.request("GET", f"/api/v1/users/{user}")[0] == 200, lambda: f"waited for {user}: {self.log()}")
        return client


def request_bytes(method, path, body=b"", headers=KEY, version="HTTP/1.1"):
    fields = {"Host": "x", **headers}
    if body:
        fields["Content-Length"] = len(body)
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method.upper()} {path} {version}\r\n{head}\r\n".encode() + body
