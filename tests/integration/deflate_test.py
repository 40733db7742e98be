#!/usr/bin/python3
"""permessage-deflate with Python's websockets and the zlib of Python: what is published arrives, whatever the window.

    deflate_test.py SIGNALBOX
"""
import asyncio
import json
import random
import sys
import tempfile

import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory as Factory

from children import PATIENCE, Server

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


def publish(server, payload):
    status, _, body = server.request("POST", "/api/v1/users/alice/messages", payload.encode())
    assert status == 200 and json.loads(body)["delivered"], (status, body)


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


def headers_of(client):
    """What the server answered the upgrade with: websockets has it here until 13, there from then on."""
    return client.response.headers if hasattr(client, "response") else client.response_headers


async def talk(name, server):
    offer, agreed = OFFERS[name]
    options = {"compression": "deflate"} if offer == "deflate" else {"compression": None, "extensions": offer}
    async with websockets.connect(f"ws://127.0.0.1:{server.clients}/", **options) as client:
        answer = headers_of(client).get("Sec-WebSocket-Extensions")
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
            await asyncio.to_thread(publish, server, text)
            got = await asyncio.wait_for(client.recv(), PATIENCE)
            assert got == text, f"{name}: {len(text)} characters were sent, others came"
    print(f"ok: {name}: {answer}")


async def main():
    with tempfile.TemporaryDirectory() as directory:
        server = Server(sys.argv[1], directory, server={"listen": "127.0.0.1:0", "permessage_deflate": True},
                        broker={"plugin": "memory"})
        for name in OFFERS:
            await talk(name, server)
        server.stop()


asyncio.run(main())
