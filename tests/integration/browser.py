"""Chromium without a window, driven by its DevTools protocol."""
import asyncio
import itertools
import json
import os
import re
import subprocess

import websockets

PATIENCE = 60 * int(os.environ.get("SIGNALBOX_TEST_SLOW", "1"))  # seconds


class Browser:
    """One page. `requests` are the addresses that it has asked for, `complaints` what it wrote to the console or threw."""

    def __init__(self, folder):
        self.requests, self.complaints = [], []
        self.numbers = itertools.count(1)
        self.loop = asyncio.new_event_loop()
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
                 "--no-first-run", "--hide-scrollbars", "--remote-debugging-port=0", f"--user-data-dir={folder}"]
        self.process = subprocess.Popen(["chromium", *flags, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, "HOME": str(folder)})
        try:
            self.attach()
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise

    def attach(self):
        said = []
        for line in self.process.stderr:
            said.append(line)
            if found := re.search(r"DevTools listening on (ws://\S+)", line):
                break
        else:
            raise RuntimeError("chromium did not start:\n" + "".join(said))
        self.socket = self.wait(websockets.connect, found.group(1), max_size=None, ping_interval=None)
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def close(self):
        self.session = None
        self.call("Browser.close")
        self.wait(self.socket.close)
        self.process.stderr.close()
        self.process.wait()
        self.loop.close()

    def wait(self, function, *arguments, **named):
        """Of what `function` returns, which wants to be called in the loop."""
        async def within_patience():
            return await asyncio.wait_for(function(*arguments, **named), PATIENCE)
        return self.loop.run_until_complete(within_patience())

    def call(self, method, **parameters):
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": parameters}
        self.wait(self.socket.send, json.dumps({**message, "sessionId": self.session} if self.session else message))
        while (answer := self.read()).get("id") != number:
            pass
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def read(self):
        message = json.loads(self.wait(self.socket.recv))
        event, what = message.get("method"), message.get("params", {})
        if event == "Network.requestWillBeSent":
            self.requests.append(what["request"]["url"])
        elif event in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"):
            self.complaints.append(what)
        return message

    def open(self, address):
        self.call("Page.navigate", url=address)
        while self.evaluate("document.readyState") != "complete" or self.evaluate("location.href") != address:
            pass

    def evaluate(self, script):
        """The value of an expression, which may be a promise."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def press(self, key):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key)

    def look(self, width=1280, dark=False, medium="screen"):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", media=medium,
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        # Two frames: the first lays out, after which charts follow the size of their boxes.
        self.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))")

    def screenshot(self):
        """All of the page as a PNG, in base64."""
        return self.call("Page.captureScreenshot", captureBeyondViewport=True,
                         clip={**self.call("Page.getLayoutMetrics")["cssContentSize"], "scale": 1})["data"]
