#!/usr/bin/python3
"""Holds docs/openapi.yaml against running servers: each operation, each status that can be provoked, each route.

    openapi_test.py SIGNALBOX SOURCE_DIRECTORY [unittest's arguments]
"""
import json
import pathlib
import re
import signal
import socket
import sys
import tempfile
import unittest
from urllib.parse import quote

import jsonschema
import prometheus_client.parser
import yaml

from children import KEY, PATIENCE, Redis, Server, request_bytes, wait_for

BINARY, SOURCE = sys.argv[1], pathlib.Path(sys.argv[2])
METHODS = ["get", "head", "post", "put", "patch", "delete", "options", "trace"]

# What no request from outside brings about, and why.
UNPROVOKED = {
    ("*", "500"): "a fault of the server or the plugin",
}

document = yaml.safe_load((SOURCE / "docs/openapi.yaml").read_text())
provoked = set()  # (operation, status)


def resolve(node):
    while "$ref" in node:
        target = document
        for part in node["$ref"][2:].split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def operations():
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


def forbid_undocumented_members(schema):
    """An object that lists its members has no others, as far as this test goes."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            schema.setdefault("additionalProperties", False)
        for part in schema.values():
            forbid_undocumented_members(part)
    elif isinstance(schema, list):
        for part in schema:
            forbid_undocumented_members(part)


forbid_undocumented_members(document["components"]["schemas"])


def validate(value, schema):
    # The document itself is the root, so that the references inside resolve; JSON Schema passes over what it does not know.
    jsonschema.Draft202012Validator({**document, "$ref": "#/x-now", "x-now": schema}).validate(value)


def concrete(path, user="alice"):
    return path.replace("{user}", quote(user, safe=""))


class Case(unittest.TestCase):
    def check(self, response, method, path, status):
        """The answer is what the document says of this status of this operation."""
        operation = f"{method} {path}"
        given, headers, body = response
        self.assertEqual(given, status, f"{operation}: {body[:500]}")
        described = document["paths"][path][method]["responses"].get(str(status))
        self.assertIsNotNone(described, f"{operation}: {status} is not documented: {body[:500]}")
        self.check_response(response, resolve(described), operation, method)
        provoked.add((operation, str(status)))

    def check_response(self, response, described, operation, method="get"):
        status, headers, body = response
        for name, header in described.get("headers", {}).items():
            header = resolve(header)
            value = headers[name]
            if header.get("required"):
                self.assertIsNotNone(value, f"{operation} {status}: no {name}")
            if value is not None:
                validate(int(value) if header["schema"]["type"] == "integer" else value, header["schema"])
        essence = headers.get_content_type()
        self.assertIn(essence, described["content"], f"{operation} {status}")
        if method == "head":
            self.assertEqual(body, b"", operation)
            return
        content = described["content"][essence]
        text = body.decode()
        if "x-line" in content:
            for line in text.splitlines():
                validate(json.loads(line), content["x-line"])
        validate(json.loads(text) if essence == "application/json" else text, content["schema"])


def setUpModule():
    global directory
    directory = tempfile.TemporaryDirectory()


def tearDownModule():
    directory.cleanup()
    everything_ran = not any(argument for argument in sys.argv[3:] if not argument.startswith("-"))
    if not everything_ran:
        return
    excused = lambda operation, status: ("*", status) in UNPROVOKED or (operation, status) in UNPROVOKED
    documented = {(f"{method} {path}", status) for method, path, one in operations() for status in one["responses"]}
    missing = sorted(pair for pair in documented - provoked if not excused(*pair))
    assert not missing, f"documented, and never seen: {missing}"
    needless = sorted(pair for pair in provoked if excused(*pair))
    assert not needless, f"seen, though said to be out of reach: {needless}"


class Document(Case):
    def test_is_openapi_with_valid_schemas_and_unique_operation_ids(self):
        self.assertRegex(document["openapi"], r"^3\.1\.\d+$")
        for schema in document["components"]["schemas"].values():
            jsonschema.Draft202012Validator.check_schema(schema)
        ids = [one["operationId"] for _, _, one in operations()]
        self.assertEqual(len(ids), len(set(ids)))
        for path, item in document["paths"].items():
            names = [resolve(parameter)["name"] for parameter in item.get("parameters", [])]
            self.assertEqual(re.findall(r"{(\w+)}", path), names)

    def test_has_examples_that_fit_their_schemas(self):
        for name, schema in document["components"]["schemas"].items():
            for example in schema.get("examples", []):
                with self.subTest(schema=name):
                    validate(example, schema)

    def test_has_every_route_of_the_router_and_no_other(self):
        rows = re.findall(r'Row{"([A-Z]+)", "([^"]+)"', (SOURCE / "server/api/router.cpp").read_text())
        self.assertGreater(len(rows), 0)
        routes = {(method.lower(), path.replace("*", "{user}")) for method, path in rows}
        self.assertEqual(routes, {(method, path) for method, path, _ in operations()})

    def test_has_every_error_code_of_the_page_and_no_other(self):
        page = (SOURCE / "docs/api.md").read_text()
        table = page[page.index("## Error codes"):]
        codes = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\|([^|]*)\|", table[:table.index("\n## ")], re.M))))
        self.assertEqual(codes, set(document["components"]["schemas"]["Error"]["properties"]["error"]["properties"]["code"]["enum"]))


class OnMemory(Case):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY, directory.name, broker={"plugin": "memory"}, limits={"message_bytes": "1KiB", "handshake_timeout": "1s"})
        cls.addClassCleanup(cls.server.stop)
        cls.server.await_readyz(200)
        cls.alice = cls.server.connect("alice")
        cls.addClassCleanup(cls.alice.close)

    def ask(self, method, path, status, body=b"", user="alice", headers=KEY):
        self.check(self.server.request(method, concrete(path, user), body, headers), method, path, status)

    def test_publish_and_exists_answer_for_users_who_are_there_and_who_are_not(self):
        for user, status in [("alice", 200), ("bob", 404)]:
            self.ask("post", "/api/v1/users/{user}/messages", status, b"hello", user)
            self.ask("get", "/api/v1/users/{user}", status, user=user)
            self.ask("head", "/api/v1/users/{user}", status, user=user)
            self.ask("delete", "/api/v1/users/{user}/connections", 202, user="nobody")

    def test_the_instance_tells_of_itself(self):
        for path in ["/api/v1/instance", "/healthz", "/readyz", "/metrics"]:
            for method in ["get", "head"]:
                self.ask(method, path, 200)

    def test_metrics_are_what_prometheus_reads(self):
        status, headers, body = self.server.request("GET", "/metrics", headers={})
        self.assertEqual(headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        families = list(prometheus_client.parser.text_string_to_metric_families(body.decode()))
        self.assertEqual(len(families), body.count(b"# TYPE "))
        for family in families:
            self.assertTrue(family.name.startswith("signalbox_") and family.documentation, family)
            self.assertIn(family.type, ["counter", "gauge", "histogram"])

    def test_bulk_answers_each_line(self):
        path = "/api/v1/messages"
        lines = [{"user": "alice", "text": "hello"}, {"user": "alice", "json": {"n": 1}}, {"user": "bob", "base64": "AAEC"}]
        for line in lines:
            validate(line, document["components"]["schemas"]["BulkMessage"])
        body = "".join(json.dumps(line) + "\n" for line in lines) + "nonsense\n" + json.dumps({"user": "alice", "text": "x" * 2000})
        response = self.server.request("POST", path, body.encode())
        self.check(response, "post", path, 200)
        answers = [json.loads(line) for line in response[2].splitlines()]
        self.assertEqual([answer.get("delivered") for answer in answers], [True, True, False, None, None])
        self.assertEqual([answer["error"]["code"] for answer in answers[3:]], ["invalid_argument", "too_large"])

    def test_bad_names_and_bodies_are_400_and_413(self):
        for method, path, _ in operations():
            if "{user}" in path:
                self.ask(method, path, 400, user="a\nb")
            elif method != "post":
                self.ask(method, path, 400, b"a body")
        self.ask("post", "/api/v1/users/{user}/messages", 400, b"\xff")
        self.ask("post", "/api/v1/users/{user}/messages", 413, b"x" * 1025)

    def test_a_key_is_asked_for_where_the_document_says_so(self):
        for method, path, operation in operations():
            with self.subTest(operation=f"{method} {path}"):
                asked = operation.get("security", document["security"]) != []
                if not asked:
                    self.assertNotIn("401", operation["responses"])
                    self.ask(method, path, 200, headers={})
                    continue
                self.ask(method, path, 401, headers={})
                self.ask(method, path, 401, headers={"Authorization": "Bearer wrong"})

    def test_what_http_itself_refuses(self):
        for method, path, _ in operations():
            target = concrete(path)
            for status, request in {
                    400: request_bytes(method, target, headers={**KEY, "host": "twice"}),
                    411: request_bytes(method, target, headers={**KEY, "Transfer-Encoding": "chunked"}),
                    431: request_bytes(method, target, headers={**KEY, "X": "x" * 17000}),
                    501: request_bytes(method, target, headers={**KEY, "Transfer-Encoding": "gzip"}),
                    505: request_bytes(method, target, version="HTTP/2.0"),
                    408: f"{method.upper()} {target} HTTP/1.1\r\nHost".encode(),
            }.items():
                with self.subTest(operation=f"{method} {path}", status=status):
                    self.check(self.server.exchange(method, request), method, path, status)

    def test_methods_that_are_not_documented_are_405_with_those_that_are(self):
        for path, item in document["paths"].items():
            documented = {method.upper() for method in METHODS if method in item}
            for method in {method.upper() for method in METHODS} - documented:
                with self.subTest(path=path, method=method):
                    response = self.server.request(method, concrete(path))
                    self.assertEqual(response[0], 405, response[2])
                    self.check_response(response, document["components"]["responses"]["MethodNotAllowed"], path, method.lower())
                    self.assertEqual({name.strip() for name in response[1]["Allow"].split(",")}, documented)

    def test_paths_that_are_not_documented_are_404(self):
        for path in ["/api", "/api/v1", "/api/v1/users", "/api/v1/users/alice/", "/api/v1/users/a/b/messages", "/metrics/", "/ws"]:
            with self.subTest(path=path):
                response = self.server.request("GET", path)
                self.assertEqual(response[0], 404, response[2])
                self.check_response(response, document["components"]["responses"]["NotFound"], path)


class WithoutKeys(Case):
    def test_what_a_page_of_another_site_may_have_sent_is_403_and_nothing_else_is(self):
        server = Server(BINARY, directory.name, api={"listen": "127.0.0.1:0"}, broker={"plugin": "memory"})
        self.addCleanup(server.stop)
        server.await_readyz(200)
        page = {"Host": f"127.0.0.1:{server.port}", "Origin": "https://evil.test", "Content-Type": "text/plain"}
        for method, path, operation in operations():
            with self.subTest(operation=f"{method} {path}"):
                forbidden = operation.get("security", document["security"]) != []
                self.check(server.request(method, concrete(path), headers=page), method, path, 403 if forbidden else 200)


class OnRedis(Case):
    def setUp(self):
        self.redis = Redis()
        self.addCleanup(self.stop_redis)
        # Control and probe channels, and those of two users.
        self.redis.answers("ACL", "SETUSER", "app", "on", ">pw", "+@all", "resetchannels", b"&\x01*", b"&\x02*", "&alice", "&bob")
        self.server = self.start("1s")

    def start(self, timeout):
        server = Server(BINARY, directory.name, limits={"message_bytes": "60KiB"}, broker={"timeout": timeout, "redis": {
            "url": f"redis://app:pw@127.0.0.1:{self.redis.port}", "publish_queue_bytes": "1MiB"}})
        self.addCleanup(server.stop)
        server.await_readyz(200)
        return server

    def stop_redis(self):
        self.redis.process.kill()
        self.redis.process.wait()
        self.redis.errors.close()

    def ask_all(self, statuses):
        for operation, status in statuses.items():
            method, path = operation.split(" ")
            with self.subTest(operation=operation, status=status):
                self.check(self.server.request(method, concrete(path)), method, path, status)

    def freeze(self):
        self.redis.process.send_signal(signal.SIGSTOP)

    def test_the_instance_tells_of_a_broker_with_a_server(self):
        self.server.connect("alice").close()
        self.ask_all({"get /api/v1/instance": 200, "get /readyz": 200, "delete /api/v1/users/{user}/connections": 202})

    def test_a_channel_that_access_control_forbids_is_403(self):
        response = self.server.request("POST", "/api/v1/users/carol/messages")
        self.check(response, "post", "/api/v1/users/{user}/messages", 403)
        self.redis.answers("ACL", "SETUSER", "app", "-pubsub|numsub")
        self.check(self.server.request("GET", "/api/v1/users/alice"), "get", "/api/v1/users/{user}", 403)
        self.redis.answers("ACL", "SETUSER", "app", "+pubsub|numsub")
        self.server.await_readyz(200)
        self.redis.answers("ACL", "SETUSER", "app", "-pubsub|numsub")
        self.check(self.server.request("HEAD", "/api/v1/users/alice"), "head", "/api/v1/users/{user}", 403)

    def test_a_broker_that_is_away_is_503(self):
        self.redis.process.kill()
        self.server.await_readyz(503)
        self.ask_all({"post /api/v1/users/{user}/messages": 503, "get /api/v1/users/{user}": 503, "head /api/v1/users/{user}": 503,
                      "delete /api/v1/users/{user}/connections": 503, "get /readyz": 503, "head /readyz": 503,
                      "get /api/v1/instance": 200, "get /healthz": 200, "get /metrics": 200})
        response = self.server.request("POST", "/api/v1/messages", b'{"user":"alice","text":"x"}\n')
        self.check(response, "post", "/api/v1/messages", 200)
        self.assertEqual(json.loads(response[2])["error"]["code"], "unavailable")

    def test_an_answer_that_is_lost_is_504(self):
        for operation in ["post /api/v1/users/{user}/messages", "delete /api/v1/users/{user}/connections"]:
            self.server.await_readyz(200)
            self.freeze()
            self.ask_all({operation: 504})
            self.redis.process.send_signal(signal.SIGCONT)

    def test_a_queue_that_is_full_is_429(self):
        self.server = self.start("30s")  # what waits for Redis is still there when the last question comes
        self.freeze()
        self.addCleanup(self.redis.process.send_signal, signal.SIGCONT)
        with socket.create_connection(("127.0.0.1", self.server.port), PATIENCE) as filler:
            filler.sendall(request_bytes("POST", "/api/v1/users/alice/messages", b"x" * 61000) * 17)
            filler.sendall(request_bytes("GET", "/api/v1/users/alice") * 230)
            wait_for(self.is_refused_at_once, lambda: "filled the queue")
            self.ask_all({"post /api/v1/users/{user}/messages": 429, "get /api/v1/users/{user}": 429,
                          "head /api/v1/users/{user}": 429, "delete /api/v1/users/{user}/connections": 429})

    def is_refused_at_once(self):
        with socket.create_connection(("127.0.0.1", self.server.port), PATIENCE) as connection:
            connection.sendall(request_bytes("GET", "/api/v1/users/alice"))
            connection.settimeout(0.2)
            try:
                return connection.recv(12) == b"HTTP/1.1 429"
            except TimeoutError:
                return False


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
