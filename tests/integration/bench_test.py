#!/usr/bin/env python3
"""`signalbox bench` against a stand-in for an instance that loses, doubles, swaps, delays or denies a share of the messages that it
knows exactly, and against a real instance that is paused: what it reports has to be that.

    bench_test.py SIGNALBOX PLUGINS [TEST]"""
import asyncio
import base64
import hashlib
import itertools
import json
import os
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from children import Redis, Server, wait_for

SIGNALBOX = sys.argv.pop(1)
PLUGINS = pathlib.Path(sys.argv.pop(1))
SLOW = int(os.environ.get("SIGNALBOX_TEST_SLOW", "1"))
RATE = 200
SECONDS = 2


def frame(payload):
    head = bytes([0x81, len(payload)]) if len(payload) < 126 else bytes([0x81, 126]) + len(payload).to_bytes(2, "big")
    return head + payload


class StandIn:
    """Speaks as much of both protocols as the load test needs, on a thread of its own. `treat(number, send)` is called for each
    message, in the order of the API's calls, and calls `send()` as often and whenever it likes, `send(user)` for somebody else; it
    returns the answer's status."""

    def __init__(self, treat, registers=True):
        self.registers = registers
        self.treat, self.clients, self.ports, self.taken, self.asked = treat, {}, [], 0, []
        self.started = threading.Event()
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.run, daemon=True).start()
        self.started.wait()

    def run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self.listen())
        self.started.set()
        self.loop.run_forever()

    async def listen(self):
        for talk in (self.talk_websocket, self.talk_api):
            server = await asyncio.start_server(talk, "127.0.0.1", 0)
            self.ports.append(server.sockets[0].getsockname()[1])

    async def talk_websocket(self, reader, writer):
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            user = head.split("user_name=")[1].split(" ")[0]
            key = head.split("Sec-WebSocket-Key: ")[1].split("\r\n")[0]
            accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
            writer.write(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          f"Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: signalbox.v1.json\r\n\r\n").encode())
            if self.registers:
                writer.write(frame(b'{"type":"registered"}'))
            self.clients.setdefault(user, []).append(writer)
            while await reader.read(4096):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    async def talk_api(self, reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = [int(line[16:]) for line in head.split("\r\n") if line.startswith("Content-Length: ")]
                body = await reader.readexactly(length[0]) if length else b""
                status, answer = 200, b'{"delivered":true}'
                if head.startswith("POST"):
                    status = self.publish(head.split("/")[4], body)
                elif "/api/v1/users/" in head:
                    self.asked.append(head.split(" ")[1].split("/")[4])
                elif "/api/v1/instance" in head:
                    answer = b'{"broker":{"plugin":"stand-in","version":"1"}}'
                writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(answer)}\r\n\r\n".encode() + answer)
                if "Connection: close" in head:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    def publish(self, user, payload):
        message = frame(b'{"type":"message","data":"' + payload + b'"}')

        def send(to=user):
            for client in self.clients.get(to, []):
                client.write(message)
        self.taken += 1
        return self.treat(self.taken - 1, send)

    def tell_all(self, notice):
        for client in itertools.chain(*self.clients.values()):
            client.write(frame(notice))


class Bench(unittest.TestCase):
    def bench(self, stand_in, *flags, ports=None, code=0, devices=1, limit=None):
        """The one result of a run without warm-up."""
        clients, api = ports or stand_in.ports
        run = subprocess.run([SIGNALBOX, "bench", "--target", f"ws://127.0.0.1:{clients}", "--target-api", f"http://127.0.0.1:{api}",
                              "--users", "20", "--devices", str(devices), "--rate", str(RATE), "--duration", f"{SECONDS}s",
                              "--warmup", "0s", "--json", *flags],
                             capture_output=True, text=True, timeout=90 * SLOW,
                             preexec_fn=limit and (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limit)))
        self.assertEqual(run.returncode, code, run.stderr)
        self.errors = run.stderr
        result = json.loads(run.stdout)["results"][0]
        return result

    def expect(self, result, **counts):
        everything = {"lost": 0, "duplicates": 0, "reordered": 0, "misdelivered": 0, "not_connected": 0, "refused": 0, "unknown": 0,
                      "unsent": 0, "delivered_though_denied": 0, "delivered_of_unknown": 0, **counts}
        self.assertEqual({name: result["messages"][name] for name in everything}, everything)

    def test_a_faithful_one_is_said_to_lose_nothing(self):
        def treat(_, send):
            send()
            return 200
        result = self.bench(StandIn(treat), "--max-loss", "0", devices=3)
        self.expect(result, delivered=3 * RATE * SECONDS)
        self.assertEqual(result["broker"], "stand-in")
        self.assertEqual(sum(second["delivered"] for second in result["timeline"]), 3 * RATE * SECONDS)

    def test_lost_messages_are_counted_and_fail_the_run(self):
        def treat(number, send):
            if number % 10 != 3:
                send()
            return 200
        result = self.bench(StandIn(treat), "--max-loss", "9%", code=1)
        self.expect(result, lost=RATE * SECONDS // 10, delivered=RATE * SECONDS * 9 // 10)
        self.assertAlmostEqual(result["messages"]["loss"], 0.1)
        self.assertIn("missed --max-loss: at most 9.00 % lost; 40 of 400 were", self.errors)

    def test_an_outage_that_does_not_end_is_in_the_rate_and_in_the_timeline(self):
        def treat(number, send):
            if number < RATE // 2:
                send()
            return 200
        result = self.bench(StandIn(treat), "--duration", "4s")
        self.expect(result, delivered=RATE // 2, lost=4 * RATE - RATE // 2)
        self.assertGreaterEqual(result["measured_ms"], 4000)
        self.assertLessEqual(result["messages"]["delivered_per_second"], RATE // 2 / 4)
        self.assertEqual([second["offered"] for second in result["timeline"]][:4], [RATE] * 4)
        self.assertIn(0, [second["delivered"] for second in result["timeline"]])

    def test_duplicates_are_counted(self):
        def treat(number, send):
            for _ in range(3 if number % 20 == 0 else 1):
                send()
            return 200
        self.expect(self.bench(StandIn(treat)), duplicates=2 * RATE * SECONDS // 20)

    def test_reordered_messages_are_counted(self):
        # All to one user: of each ten the first waits for the second.
        held = []

        def treat(number, send):
            if number % 10 == 0:
                held.append(send)
            else:
                send()
            if number % 10 == 1:
                held.pop()()
            return 200
        self.expect(self.bench(StandIn(treat), "--users", "1"), reordered=RATE * SECONDS // 10)

    def test_what_happens_while_it_warms_up_is_not_counted(self):
        stand_in = None
        held = []

        def treat(number, send):
            if number >= RATE - 20:  # the last of the warm-up too: on another connection the first that is measured may overtake them
                if number % 100 == 0:
                    stand_in.tell_all(b'{"type":"gap","reason":"measured"}')
                send()
                return 200
            if number < RATE // 2:
                stand_in.tell_all(b'{"type":"gap","reason":"warming up"}')
            if number % 10 == 0:
                held.append(send)  # reordered
            elif number % 10 == 1:
                send(), send(), held.pop()()
            elif number % 10 == 2:
                stand_in.loop.call_later(0.4, send)
            elif number % 10 < 6:
                send()
            return 200 if number % 10 < 8 else 503
        stand_in = StandIn(treat)
        result = self.bench(stand_in, "--users", "2", "--warmup", "1s", "--duration", "2s")
        self.expect(result, delivered=2 * RATE, expected=2 * RATE, offered=2 * RATE, gaps=2 * 2 * RATE // 100)
        self.assertEqual(result["latency_ms"]["count"], 2 * RATE)
        self.assertEqual(sum(second["offered"] for second in result["timeline"]), 2 * RATE)
        self.assertEqual(sum(second["delivered"] for second in result["timeline"]), 2 * RATE)

    def test_frames_that_nobody_sent_and_clients_that_are_lost_are_told(self):
        stand_in = None

        def treat(number, send):
            for user in list(stand_in.clients) if number in (20, RATE + 20) else [None]:
                send(user) if user else send()
            if number in (10, RATE + 10):
                stand_in.tell_all(b"what?")
            if number == 2 * RATE - 1:  # the last, so that none is lost
                for [client] in list(stand_in.clients.values())[:3]:
                    client.close()
            return 200
        stand_in = StandIn(treat)
        result = self.bench(stand_in, "--warmup", "1s", "--duration", "1s")
        self.assertEqual(result["messages"]["unexpected"], 20, "but for those of the warm-up")
        self.assertEqual(result["messages"]["misdelivered"], 19, "to all users but its own, and those of the warm-up aside")
        self.assertEqual(result["messages"]["clients_lost"], 3)
        self.assertIn("3 clients were lost: lost: end of stream", result["remarks"])
        self.assertIn("20 frames were none that was sent: messages that were garbled count as lost", result["remarks"])

    def test_what_the_publisher_was_told_is_held_against_what_arrived(self):
        statuses = {0: 404, 1: 503, 2: 504, 3: 404}

        def treat(number, send):
            if number % 10 >= 2:  # what 504 answers was sent, and one that 404 answers as well
                send()
            return statuses.get(number % 10, 200)
        tenth = RATE * SECONDS // 10
        self.expect(self.bench(StandIn(treat)), not_connected=2 * tenth, refused=tenth, unknown=tenth, delivered_of_unknown=tenth,
                    delivered_though_denied=tenth)

    def test_a_delay_is_in_the_latency_of_its_share(self):
        stand_in = None

        def treat(number, send):
            if number % 10 == 0:
                stand_in.loop.call_later(3, send)  # longer than a loaded machine stands still
            else:
                send()
            return 200
        stand_in = StandIn(treat)
        result = self.bench(stand_in, "--slo", "400ms", "--users", "600", code=1)
        self.assertIn("missed --slo: p99 of at most 400 ms; it is ", self.errors)
        curve = dict(map(tuple, result["latency_ms"]["curve"]))
        self.assertLess(curve[75], 3000)
        self.assertGreaterEqual(curve[92.5], 3000)

    def test_a_pause_of_two_seconds_shows_at_full_length(self):
        with tempfile.TemporaryDirectory() as folder:
            instance = Server(SIGNALBOX, folder, broker={"plugin": "memory"})
            threading.Thread(target=self.pause, args=(instance,)).start()
            result = self.bench(None, "--api-key", "s3cret", "--duration", "6s", ports=(instance.clients, instance.port))
            instance.stop()
        self.assertEqual(result["broker"], "memory")
        self.expect(result, delivered=RATE * 6)
        # Two of six seconds fell into the pause: who was due at its beginning waited for all of it, and so on down, so that 15 %
        # waited for longer than 1.1 s.
        self.assertGreaterEqual(result["latency_ms"]["max"], 1950)
        curve = dict(map(tuple, result["latency_ms"]["curve"]))
        self.assertGreaterEqual(curve[85], 1000)
        self.assertGreaterEqual(max(second["max"] or 0 for second in result["timeline"]), 1950)

    def pause(self, instance):
        """Two seconds, from the first message on."""
        wait_for(lambda: b'signalbox_published_total{result="delivered"} 0' not in instance.request("GET", "/metrics")[2],
                 lambda: "waited for a message")
        instance.process.send_signal(signal.SIGSTOP)
        time.sleep(2)
        instance.process.send_signal(signal.SIGCONT)

    def test_interrupted_it_says_so_and_leaves_nothing_behind(self):
        with tempfile.TemporaryDirectory() as folder:
            run = subprocess.Popen([SIGNALBOX, "bench", "--broker", "memory", "--users", "10", "--rate", "100"],
                                   stderr=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": folder})
            for line in run.stderr:
                if "measuring" in line or "warming up" in line:
                    break
            children = pathlib.Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
            self.assertEqual(len(children), 3, "an instance, receivers and a publisher")
            run.send_signal(signal.SIGINT)
            self.assertIn("signalbox: interrupted", run.communicate(timeout=30 * SLOW)[1])
            self.assertEqual(run.returncode, 1)
            self.assertFalse([child for child in children if os.path.exists(f"/proc/{child}")])
            self.assertEqual(os.listdir(folder), [])

    def test_interrupted_while_clients_connect_it_ends_too(self):
        clients, api = StandIn(None, registers=False).ports
        run = subprocess.Popen([SIGNALBOX, "bench", "--target", f"ws://127.0.0.1:{clients}", "--target-api", f"http://127.0.0.1:{api}",
                                "--users", "10"], stderr=subprocess.PIPE, text=True)
        for line in run.stderr:
            if "connecting" in line:
                break
        run.send_signal(signal.SIGINT)
        self.assertIn("signalbox: interrupted", run.communicate(timeout=30 * SLOW)[1])
        self.assertEqual(run.returncode, 1)

    def test_what_it_starts_itself_is_measured(self):
        with tempfile.TemporaryDirectory() as folder:
            run = subprocess.run([SIGNALBOX, "bench", "--start-brokers", "--broker", "redis", "--broker", "memory", "--users", "100",
                                  "--devices", "2", "--rate", "200", "--duration", "2s", "--warmup", "1s", "--max-loss", "0", "--set",
                                  "limits.connections_per_user=2", "--report", f"{folder}/out"],
                                 capture_output=True, text=True, timeout=120 * SLOW)
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertRegex(run.stdout, r"(?m)^ +redis +memory$")
            self.assertRegex(run.stdout, r"(?m)^instances +2 +1$")
            self.assertRegex(run.stdout, r"(?m)^delivered +800 +800$")
            results = json.loads(pathlib.Path(folder, "out", "results.json").read_text())["results"]
            self.assertIn("Redis server v=", results[0]["server_version"])
            for result in results:
                self.expect(result, delivered=800)
                self.assertEqual(result["messages"]["offered"], 400)
                self.assertGreater(result["usage"]["instances"]["cpu_us_per_message"], 0)
                self.assertGreater(result["usage"]["instances"]["bytes_connected"], 0)
                self.assertEqual(sum(second["offered"] for second in result["timeline"]), 400)
            self.assertGreater(results[0]["usage"]["broker"]["cpu_us_per_message"], 0)
            self.assertEqual(results[1]["usage"]["broker"], None)
            self.assertEqual(sorted(os.listdir(f"{folder}/out")), ["memory.hgrm", "redis.hgrm", "report.html", "results.json"])

    def results_of(self, *flags, code=0):
        run = subprocess.run([SIGNALBOX, "bench", "--json", *flags], capture_output=True, text=True, timeout=200 * SLOW)
        self.assertEqual(run.returncode, code, run.stderr)
        return json.loads(run.stdout)["results"]

    def test_messages_go_straight_to_the_broker_where_that_is_asked_for(self):
        with tempfile.TemporaryDirectory() as folder:
            run = subprocess.run([SIGNALBOX, "bench", "--start-brokers", "--broker", "redis", "--broker", "nats", "--via", "broker", "--users",
                                  "40", "--devices", "2", "--rate", "200", "--duration", "1s", "--warmup", "500ms", "--report", folder],
                                 capture_output=True, text=True, timeout=120 * SLOW)
            self.assertEqual(run.returncode, 0, run.stderr)
            document = json.loads(pathlib.Path(folder, "results.json").read_text())
        self.assertEqual(document["work"]["via"], "broker")
        for result in document["results"]:
            self.expect(result, offered=200, taken=200, delivered=400)
            self.assertEqual(result["messages"]["statuses"], {})
            self.assertEqual(result["latency_ms"]["count"], 400)

    def test_memory_can_only_be_reached_through_its_instance(self):
        run = subprocess.run([SIGNALBOX, "bench", "--broker", "memory", "--via", "broker"], capture_output=True, text=True,
                             timeout=60 * SLOW)
        self.assertEqual(run.returncode, 2)
        self.assertIn("--via: memory lives inside its instance, where no generator can reach it", run.stderr)

    def test_a_plugin_given_by_path_is_measured_beside_others(self):
        redis = Redis()
        with tempfile.TemporaryDirectory() as folder:
            mine = pathlib.Path(folder, "libmine.so")
            mine.symlink_to(PLUGINS / "libsignalbox_redis.so")
            for way in ("api", "broker"):
                run = subprocess.run([SIGNALBOX, "bench", "--broker", "./libmine.so", *(["--broker", "memory"] if way == "api" else []),
                                      "--via", way, "--set", f"broker.redis.url=redis://default:hunter2@127.0.0.1:{redis.port}",
                                      "--set", "api.keys=[hunter2]", "--api-key", "hunter2", "--users", "40", "--rate", "200",
                                      "--duration", "1s", "--warmup", "0s", "--report", "out"],
                                     capture_output=True, text=True, timeout=120 * SLOW, cwd=folder)
                self.assertEqual(run.returncode, 0, run.stderr)
                written = pathlib.Path(folder, "out", "results.json").read_text()
                document = json.loads(written)
                self.assertEqual(document["results"][0]["broker"], "./libmine.so")
                for result in document["results"]:
                    self.expect(result, offered=200, delivered=200)
                self.assertTrue(pathlib.Path(folder, "out", "libmine.so.hgrm").exists())
                self.assertNotIn("hunter2", written + pathlib.Path(folder, "out", "report.html").read_text() + run.stdout)
                self.assertIn(f"broker.redis.url=redis://default:***@127.0.0.1:{redis.port}", document["command"])
                self.assertIn("--set 'api.keys=***' --api-key ***", document["command"])
            # Memory's, which is one process wherever it lies.
            for flags, reason in ((["--via", "broker"], "memory lives inside its instance"), ([], "memory is one process: --instances 1")):
                run = subprocess.run([SIGNALBOX, "bench", "--broker", str(PLUGINS / "libsignalbox_memory.so"), "--users", "4", *flags],
                                     capture_output=True, text=True, timeout=60 * SLOW)
                self.assertEqual(run.returncode, 1)
                self.assertIn(reason, run.stderr)
        redis.stop()

    def test_a_broker_that_is_restarted_is_seen_to_come_back(self):
        [result] = self.results_of("--start-brokers", "--broker", "redis", "--users", "50", "--rate", "200", "--duration", "4s", "--warmup",
                                   "0s", "--fault", "restart-broker@1s")
        messages = result["messages"]
        self.assertEqual(messages["offered"], 800)
        self.assertGreater(messages["refused"] + messages["unknown"] + messages["not_connected"] + messages["lost"], 0)
        self.assertGreater(messages["gaps"], 0)
        self.assertGreater(sum(second["delivered"] for second in result["timeline"][2:]), 100, "after the fault")
        [recovery] = result["recoveries"]
        self.assertEqual(recovery["fault"], "restart-broker@1s")
        self.assertGreaterEqual(recovery["at_ms"], 1000)
        self.assertGreater(recovery["ready_ms"], 0)
        self.assertNotIn("an instance was not ready again at the end", result["remarks"])

    def test_a_paused_broker_is_in_the_tail(self):
        [result] = self.results_of("--start-brokers", "--broker", "redis", "--users", "50", "--rate", "100", "--duration", "4s", "--warmup",
                                   "0s", "--fault", "pause-broker@1s+400ms")
        self.assertGreaterEqual(result["latency_ms"]["max"], 350)
        self.assertGreaterEqual(result["recoveries"][0]["over_ms"], 400)

    def test_a_broker_that_is_paused_for_longer_than_a_call_may_take_is_seen_unready_until_it_goes_on(self):
        # An instance notices when its first call has had no answer for half of the pause.
        pause, seconds = 2 * SLOW, 1 + 6 * SLOW
        [result] = self.results_of("--start-brokers", "--broker", "redis", "--users", "50", "--rate", "100", "--duration", f"{seconds}s",
                                   "--warmup", "0s", "--set", f"broker.timeout={SLOW}s", "--fault", f"pause-broker@1s+{pause}s")
        [recovery] = result["recoveries"]
        self.assertGreaterEqual(recovery["over_ms"], 1000 * pause)
        self.assertGreaterEqual(recovery["ready_ms"], recovery["over_ms"])
        messages = result["messages"]
        self.assertEqual(messages["offered"], 100 * seconds)
        self.assertEqual(sum(messages[name] for name in ("taken", "not_connected", "refused", "unsent", "unknown")), 100 * seconds)
        self.assertEqual(messages["delivered"] + messages["lost"], messages["taken"])
        self.assertGreater(messages["refused"], 0, "once it was noticed")
        self.assertGreaterEqual(messages["gaps"], 50, "each client is told")
        self.assertGreater(sum(second["delivered"] for second in result["timeline"][2 + pause:]), 100, "after the fault")
        # What was under way when it stopped is answered as unknown, and comes when it goes on, the first of it after all of the pause.
        self.assertGreater(messages["delivered_of_unknown"], 0)
        self.assertGreaterEqual(result["latency_ms"]["max"], 1000 * pause - 50)
        self.assertGreaterEqual(result["latency_ms"]["p99"], 750 * pause)

    def test_instances_are_watched_while_a_fault_goes_on(self):
        [result] = self.results_of("--broker", "memory", "--users", "50", "--rate", "100", "--duration", "3s", "--warmup", "0s", "--fault",
                                   "pause-instance@1s+500ms")
        [recovery] = result["recoveries"]
        self.assertGreaterEqual(recovery["over_ms"], 500)
        self.assertGreaterEqual(recovery["ready_ms"], recovery["over_ms"], "one that is stopped is not ready")
        self.assertGreaterEqual(result["latency_ms"]["max"], 450)
        self.expect(result, delivered=300)

    def test_fan_out_reaches_every_device(self):
        [result] = self.results_of("--mode", "fanout", "--broker", "memory", "--devices", "60", "--rate", "20", "--duration", "2s",
                                   "--warmup", "0s", "--set", "limits.connections_per_user=60")
        self.expect(result, delivered=40 * 60)

    def test_idle_users_are_known_and_strangers_are_not(self):
        [result] = self.results_of("--mode", "idle", "--broker", "memory", "--users", "100", "--hold", "1s", "--rate", "100", "--duration",
                                   "1s", "--warmup", "0s")
        self.assertEqual({name: result["idle"][name] for name in ("asked", "users_found", "strangers_found")},
                         {"asked": 100, "users_found": 100, "strangers_found": 0})
        self.assertGreaterEqual(result["idle"]["ms"], 1000)
        self.expect(result, delivered=100)

    def test_each_instance_is_asked_for_users_of_all(self):
        def treat(_, __):
            return 404
        one, other = StandIn(treat), StandIn(treat)
        self.bench(one, "--target", f"ws://127.0.0.1:{other.ports[0]}", "--target-api", f"http://127.0.0.1:{other.ports[1]}", "--mode", "idle",
                   "--hold", "1s", "--duration", "1s", code=1)
        for asked in (one.asked, other.asked):
            self.assertEqual([sum(name in held.clients for name in asked) for held in (one, other)], [5, 5])
            self.assertEqual(sum(name.startswith("no-") for name in asked), 10, "strangers")

    def test_connections_that_come_and_go_are_counted_and_a_run_is_compared_with_an_earlier_one(self):
        with tempfile.TemporaryDirectory() as folder:
            flags = ["--mode", "connect", "--broker", "memory", "--users", "30", "--rate", "100", "--duration", "2s", "--report", folder]
            [result] = self.results_of(*flags)
            self.assertEqual(result["churn"], {"offered": 201, "registered": 201, "failed": 0})
            self.assertEqual(result["latency_ms"]["count"], 201)
            self.assertEqual(result["generator_lag_ms"]["count"], 201)
            self.assertGreater(result["usage"]["instances"]["cpu_us_per_message"], 0)
            run = subprocess.run([SIGNALBOX, "bench", *flags, "--compare", f"{folder}/results.json"], capture_output=True, text=True,
                                 timeout=100 * SLOW)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertRegex(run.stdout, r"(?m)^  registered +201$")
        self.assertRegex(run.stdout, r"(?m)^  latency p50, ms +[\d.,]+ +[\d.,]+   ")

    def test_saturation_is_found_and_what_was_full_is_named(self):
        # It takes a message every 2 ms: 500 a second.
        def treat(_, send):
            time.sleep(0.002)
            send()
            return 200
        stand_in = StandIn(treat)
        result = self.bench(stand_in, "--mode", "saturate", "--searches", "1", "--rate", "240", "--slo", "150ms", "--duration", "1s")
        held = [step["rate"] for step in result["steps"] if step["held"]]
        failed = [step for step in result["steps"] if not step["held"]]
        self.assertGreater(max(held), 10)
        self.assertLess(max(held), 520)
        self.assertEqual(result["saturation"]["found"], [max(held)])
        self.assertEqual(result["saturation"]["rate"], max(held))
        self.assertTrue(result["saturation"]["limit"])
        self.assertTrue(all(step["limit"] for step in failed))

    def test_what_can_be_known_beforehand_is_refused_in_a_line(self):
        for flags, reason in ((["--broker", "redis", "--broker", "nosuch"], "--broker: no plugin 'nosuch'"),
                              (["--set", "broker.redis.urk=x"], "broker.redis.urk: unknown key"),
                              (["--broker", "memory", "--broker", "redis", "--set", "broker.redis.url=http://x"],
                               "--set broker.redis.url: begins with redis://"),
                              (["--broker", "memory", "--size", "65537B"],
                               "--size: 65537 bytes are more than the 65536 that limits.message_bytes allows"),
                              (["--broker", "memory", "--set", "limits.message_bytes=100B"], "--size: 128 bytes are more than the 100"),
                              (["--report", "/proc/1"], "--report: can't "),
                              (["--start-brokers", "--broker", "memory", "--broker", "kafka", "--kafka-classpath", "nowhere/classpath"],
                               "no Kafka at nowhere/classpath: run tests/kafka/prepare nowhere")):
            run = subprocess.run([SIGNALBOX, "bench", *flags], capture_output=True, text=True, timeout=90 * SLOW)
            self.assertEqual(run.returncode, 2, run.stderr)
            self.assertIn(reason, run.stderr)
            self.assertEqual(len(run.stderr.splitlines()), 1, "nothing was started")
        run = subprocess.run([SIGNALBOX, "bench", "--broker", "memory", "extra"], capture_output=True, text=True, timeout=60 * SLOW)
        self.assertEqual(run.returncode, 2, run.stderr)
        self.assertIn("extra", run.stderr)
        self.assertNotIn("plugin", run.stderr, "it is no second --broker")
        run = subprocess.run([SIGNALBOX, "bench", "--start-brokers", "--broker", "redis"], capture_output=True, text=True,
                             timeout=60 * SLOW, env={**os.environ, "PATH": "/nowhere"})
        self.assertEqual(run.returncode, 2, run.stderr)
        self.assertIn("--start-brokers: redis-server is not installed (Debian package redis-server)", run.stderr)

    def test_a_file_of_configuration_counts_below_what_a_run_decides_itself(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "signalbox.yaml")
            file.write_text("server: {listen: '0.0.0.0:1'}\nbroker: {plugin: memory}\nlimits: {connections_per_user: 1}\n")
            flags = ["-c", str(file), "--users", "4", "--devices", "2", "--rate", "20", "--duration", "1s", "--warmup", "0s"]
            run = subprocess.run([SIGNALBOX, "bench", *flags], capture_output=True, text=True, timeout=60 * SLOW)
            self.assertEqual(run.returncode, 1)
            self.assertIn("memory: a client failed: ", run.stderr)  # its second device
            [result] = self.results_of(*flags, "--set", "limits.connections_per_user=2")
            self.assertEqual(result["broker"], "memory")
            self.expect(result, delivered=40)

    def test_interrupted_while_instances_start_it_says_so(self):
        with tempfile.TemporaryDirectory() as folder:
            run = subprocess.Popen([SIGNALBOX, "bench", "--broker", "redis", "--set", "broker.redis.url=redis://127.0.0.1:1"],
                                   stderr=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": folder}, start_new_session=True)
            self.assertIn("starting", run.stderr.readline())
            os.killpg(run.pid, signal.SIGINT)  # as a terminal does
            self.assertIn("signalbox: interrupted", run.communicate(timeout=30 * SLOW)[1])
            self.assertEqual(run.returncode, 1)
            self.assertEqual(os.listdir(folder), [])

    def test_a_broker_that_is_away_is_told_with_its_reason_and_a_remedy(self):
        for broker, setting, reason in (("redis", "url=redis://127.0.0.1:1", "connect to 127.0.0.1:1: Connection refused"),
                                        ("nats", "url=nats://127.0.0.1:1", "no server answers at nats://127.0.0.1:1")):
            begin = time.monotonic()
            run = subprocess.run([SIGNALBOX, "bench", "--broker", broker, "--set", f"broker.{broker}.{setting}", "--users", "4"],
                                 capture_output=True, text=True, timeout=90 * SLOW)
            self.assertLess(time.monotonic() - begin, 25 * SLOW, "it is not waited for as for one that answers")
            self.assertEqual(run.returncode, 1, run.stderr)
            self.assertIn(f"{broker}: signalbox did not become ready: broker connecting; ", run.stderr)
            self.assertIn(reason, run.stderr)
            self.assertIn("(-c and --set say where it runs, --start-brokers starts one for the run)", run.stderr)

    def test_clients_are_dealt_over_as_many_processes_as_their_descriptors_need(self):
        def treat(_, send):
            send()
            return 200
        few = (400, 400)  # half of them for clients
        result = self.bench(StandIn(treat), "--users", "500", limit=few)
        self.expect(result, delivered=RATE * SECONDS)

    def test_a_run_that_is_given_up_fails(self):
        def treat(number, send):
            if number == RATE:
                threading.Event().wait()  # for ever
            send()
            return 200
        result = self.bench(StandIn(treat), code=1)
        self.assertEqual([verdict["text"] for verdict in result["verdicts"]], ["given up: no answer for 30 s"])
        self.assertIn("stand-in: given up: no answer for 30 s", self.errors)
        self.assertGreaterEqual(result["messages"]["delivered"], RATE)

    def test_a_broker_that_takes_nothing_fails_the_run(self):
        self.bench(StandIn(lambda *_: 503), "--max-loss", "99%", "--duration", "1s", code=1)
        self.assertIn("missed --max-loss: at most 99.0 % lost; nothing was taken", self.errors)


if __name__ == "__main__":
    unittest.main()
