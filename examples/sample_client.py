#!/usr/bin/python3
"""Connects to Signalbox as a user and prints what arrives. Needs python3-websockets."""
import argparse
import asyncio
import json

import websockets


async def listen(user, url, count):
    async with websockets.connect(url) as socket:  # leaving the block closes in order, also on Ctrl-C
        await socket.send("ping")
        print(await socket.recv(), flush=True)
        await socket.send(json.dumps({"user_name": user}))
        while count != 0:
            print(await socket.recv(), flush=True)
            count -= 1


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("user")
parser.add_argument("--url", default="ws://127.0.0.1:8765/")
parser.add_argument("--count", type=int, default=-1, help="leave after this many messages")
try:
    asyncio.run(listen(**vars(parser.parse_args())))
except KeyboardInterrupt:
    pass
except (OSError, websockets.WebSocketException) as error:
    raise SystemExit(f"sample_client: {error}")
