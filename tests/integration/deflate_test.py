#!/usr/bin/python3
"""permessage-deflate with Python's websockets and the zlib of Python: what is published arrives, whatever the window.

    deflate_test.py SIGNALBOX
"""
import asyncio
import json
import random
import re
import subprocess
import sys
import urllib.request

import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory as Factory

PATIENCE = 60  # seconds; spent only when the test fails
SIZES = [0, 1, 100, 256, 300, 1024, 4096, 5000, 30000, 65536]

# What a client may offer, and what has to be agreed on.
OFFERS = {
    "as the library does": ("deflate", set()),
    "a window of 4 KiB": ([Factory(server_max_window_bits=12)], {"server_max_window_bits=12"}),
    "bare": ([Factory(client_max_window_bits=None)], set()),
    "the smallest windows that zlib can do": (
        [Factory(server_max_window_bits=9, client_max_window_bits=9)], {"server_max_window_bits=9"}),
    "no takeover": ([Factory(True, True)], set()),
    "none": (None, None),
}


def start():
    server = subprocess.Popen(
        [sys.argv[1], "serve", "--broker", "memory", "--listen", "127.0.0.1:0", "--set", "api.listen=127.0.0.1:0",
         "--set", "logging.file=", "--set", "server.permessage_deflate=true"], stderr=subprocess.PIPE, text=True)
    for line in server.stderr:
        if ready := re.search(r"ready: .*listen=\S+:(\d+) api=(\S+)", line):
            return server, int(ready[1]), ready[2]
    raise SystemExit("signalbox did not start")


def publish(api, payload):
    request = urllib.request.Request(f"http://{api}/api/v1/users/alice/messages", payload.encode())
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        assert json.load(response)["delivered"]


def texts():
    source = random.Random(1)
    words = ["zug", "gleis", "\u96fb\u8eca", "Z\u00fcrich", "signal", "0123456789"]
    for size in SIZES:
        text = ""
        while len(text.encode()) < size:
            text += source.choice(words) + str(source.randrange(100)) + " "
        while len(text.encode()) > size:
            text = text[:-1]
        yield text


async def talk(name, port, api):
    offer, agreed = OFFERS[name]
    options = {"compression": "deflate"} if offer == "deflate" else {"compression": None, "extensions": offer}
    async with websockets.connect(f"ws://127.0.0.1:{port}/", **options) as client:
        answer = client.response_headers.get("Sec-WebSocket-Extensions")
        if agreed is None:
            assert answer is None, answer
        else:
            given = {part.strip() for part in answer.split(";")}
            wanted = {"permessage-deflate", "server_no_context_takeover", "client_no_context_takeover"} | agreed
            assert given == wanted, answer
        await client.send(json.dumps({"user_name": "alice", "filler": "x" * 2000}))
        for _ in range(3):  # the client's compressor starts anew each time, or it would not be understood
            await client.send("ping")
            assert await asyncio.wait_for(client.recv(), PATIENCE) == "pong"
        for text in texts():
            await asyncio.to_thread(publish, api, text)
            got = await asyncio.wait_for(client.recv(), PATIENCE)
            assert got == text, f"{name}: {len(text)} characters were sent, others came"
    print(f"ok: {name}: {answer}")


async def main():
    server, port, api = start()
    try:
        for name in OFFERS:
            await talk(name, port, api)
    finally:
        server.terminate()
        server.wait()


asyncio.run(main())
