#!/usr/bin/python3
"""report.html of a short run of `signalbox bench`, in a browser.

    report_page_test.py SIGNALBOX [TEST]

With SCREENSHOTS=FOLDER in the environment it leaves there what the page looks like."""
import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from browser import Browser

SIGNALBOX = sys.argv.pop(1)
SLOW = int(os.environ.get("SIGNALBOX_TEST_SLOW", "1"))
CHARTS = ["percentiles", "longest", "throughput", "wrong", "cpu", "memory", "connect"]

# How many pixels of a canvas have just the colour that the style gives to broker `number`.
PIXELS = """(() => {
  const canvas = document.getElementById("%s");
  const colour = getComputedStyle(document.documentElement).getPropertyValue("--colour-%d").trim();
  const wanted = [1, 3, 5].map(at => parseInt(colour.substr(at, 2), 16));
  const bytes = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let count = 0;
  for (let at = 0; at < bytes.length; at += 4) count += wanted.every((part, n) => bytes[at + n] === part) && bytes[at + 3] === 255;
  return count;
})()"""


class ReportPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        cls.addClassCleanup(folder.cleanup)
        run = subprocess.run([SIGNALBOX, "bench", "--start-brokers", "--broker", "redis", "--broker", "memory", "--users", "50", "--rate",
                              "200", "--duration", "2s", "--warmup", "0s", "--report", folder.name],
                             capture_output=True, text=True, timeout=120 * SLOW)
        if run.returncode != 0:
            raise RuntimeError(run.stderr)
        cls.folder = pathlib.Path(folder.name)
        cls.json = (cls.folder / "results.json").read_text()
        cls.results = json.loads(cls.json)["results"]
        cls.address = (cls.folder / "report.html").as_uri()
        cls.browser = Browser(cls.folder / "browser")
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.browser.call("Emulation.setScriptExecutionDisabled", value=False)
        self.browser.requests.clear()
        self.browser.complaints.clear()
        self.browser.look()
        self.browser.open(self.address)

    def open_with(self, place="results", **members):
        """The page as if each broker had these members besides."""
        document = json.loads(self.json)
        for result in document["results"]:
            result.update(members)
        page = (self.folder / "report.html").read_text()
        begin = page.index(f'id="{place}">') + len(f'id="{place}">')
        page = page[:begin] + json.dumps(document) + page[page.index("</script>", begin):]
        (self.folder / "other.html").write_text(page)
        self.browser.open((self.folder / "other.html").as_uri())
        self.assertEqual(self.browser.complaints, [])

    def visible(self):
        return self.browser.evaluate("[...document.querySelectorAll('canvas')].filter(canvas => canvas.offsetParent).map(canvas => canvas.id)")

    def words(self, chart):
        return self.browser.evaluate(f"document.getElementById('{chart}').getAttribute('aria-label')")

    def pixels(self, chart, number):
        return self.browser.evaluate(PIXELS % (chart, number))

    def picture(self, name):
        if "SCREENSHOTS" in os.environ:
            pathlib.Path(os.environ["SCREENSHOTS"], f"{name}.png").write_bytes(base64.b64decode(self.browser.screenshot()))

    def test_all_charts_are_drawn_without_a_complaint_and_without_a_request(self):
        self.assertEqual(self.browser.evaluate("document.documentElement.dataset.charts"), str(len(CHARTS)))
        self.assertEqual(self.visible(), CHARTS)
        self.assertEqual(self.browser.complaints, [])
        self.assertEqual([url for url in self.browser.requests if not url.startswith("data:")], [self.address])
        for chart in set(CHARTS) - {"wrong"}:
            for number in (1, 2):
                self.assertGreater(self.pixels(chart, number), 5, f"{chart}, broker {number}")
        self.picture("wide")

    def test_a_request_would_be_refused(self):
        self.assertFalse(self.browser.evaluate("fetch('http://127.0.0.1:1/').then(() => true, () => false)"))
        self.assertIn("Content Security Policy", json.dumps(self.browser.complaints))

    def test_every_chart_says_its_key_figures_in_words(self):
        for chart in CHARTS:
            self.assertRegex(self.words(chart), r"\. redis: (?:.*\d|nothing).*\. memory: (?:.*\d|nothing)")

    def test_in_the_dark_the_charts_change_their_colours(self):
        light = self.browser.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--colour-1')")
        self.browser.look(dark=True)
        self.assertNotEqual(self.browser.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--colour-1')"), light)
        for chart in set(CHARTS) - {"wrong"}:
            self.assertGreater(self.pixels(chart, 1), 5, chart)
        self.picture("dark")

    def test_paper_is_white(self):
        self.browser.look(dark=True)
        dark = self.browser.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--colour-1')")
        self.browser.look(dark=True, medium="print")
        self.assertNotEqual(self.browser.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--colour-1')"), dark)
        self.assertGreater(self.pixels("percentiles", 1), 20)
        self.picture("print")

    def test_a_phone_shows_all_of_it(self):
        for width in (360, 1280, 390):
            self.browser.look(width)
            self.assertEqual(self.browser.evaluate("document.documentElement.scrollWidth"), width)
            self.assertEqual(self.browser.evaluate("[...document.querySelectorAll('canvas')].filter(canvas => "
                                                   "canvas.clientWidth > canvas.parentElement.clientWidth).map(canvas => canvas.id)"), [])
            self.assertGreater(self.pixels("percentiles", 2), 20)
        self.picture("phone")

    def test_a_broker_can_be_left_out_of_the_charts(self):
        self.browser.evaluate("document.querySelector('#brokers input').focus()")
        self.browser.press(" ")
        self.assertEqual(self.pixels("percentiles", 1), 0)
        self.assertGreater(self.pixels("percentiles", 2), 20)

    def test_the_arrow_keys_walk_through_a_chart(self):
        self.browser.evaluate("document.getElementById('percentiles').focus()")
        self.browser.press("ArrowRight")
        first = self.browser.evaluate("document.getElementById('announcement').textContent")
        self.assertRegex(first, r"^0 %, redis: [\d.,]+ ms, memory: [\d.,]+ ms$")
        self.browser.press("ArrowRight")
        self.assertIn("10 %, ", self.browser.evaluate("document.getElementById('announcement').textContent"))
        self.browser.press("ArrowLeft")
        self.assertEqual(self.browser.evaluate("document.getElementById('announcement').textContent"), first)

    def test_the_rates_of_saturation_are_a_chart_of_their_own(self):
        self.open_with(steps=[{"rate": 400, "delivered_per_second": 390, "p99_ms": 80, "lost": 0, "held": False, "limit": "the broker"},
                              {"rate": 200, "delivered_per_second": 200, "p99_ms": 4, "lost": 0, "held": True, "limit": ""}],
                       saturation={"rate": 200, "found": [200], "limit": "the broker"})
        self.assertEqual(self.visible(), ["steps", *CHARTS])
        self.assertIn("redis: 200 a second held.", self.words("steps"))
        self.assertGreater(self.pixels("steps", 1), 20)
        self.picture("saturation")

    def test_a_fault_is_shaded(self):
        shaded = """(() => {
          const canvas = document.getElementById("throughput");
          const bytes = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
          return bytes.filter((alpha, at) => at % 4 === 3 && alpha > 40 && alpha < 90).length;
        })()"""
        before = self.browser.evaluate(shaded)
        self.open_with(recoveries=[{"fault": "restart-broker@500ms", "at_ms": 500, "over_ms": 200, "ready_ms": 900}])
        self.assertGreater(self.browser.evaluate(shaded), before + 5000)
        self.assertIn("Shaded: from a fault", self.browser.evaluate("document.body.innerText"))
        self.picture("fault")

    def test_an_earlier_run_stands_beside_this_one(self):
        self.assertNotIn("the earlier run", self.browser.evaluate("document.body.innerText"))
        self.open_with("earlier", latency_ms={**self.results[0]["latency_ms"], "p99": 4321})
        for chart in ("percentiles", "cpu", "memory", "connect"):
            self.assertRegex(self.words(chart), "redis: .* redis, then: .* memory: .* memory, then: ", chart)
        self.assertIn("redis, then: p50 ", self.words("percentiles"))
        self.assertIn("p99 4,321 ms", self.words("percentiles"))
        self.picture("earlier")

    def test_connections_that_come_and_go_have_no_charts_of_messages(self):
        self.open_with(churn={"offered": 10, "registered": 10, "failed": 0})
        self.assertEqual(self.visible(), ["percentiles", "cpu", "connect"])

    def test_without_scripts_every_figure_is_in_the_table(self):
        self.browser.call("Emulation.setScriptExecutionDisabled", value=True)
        self.browser.call("Page.reload")
        self.browser.open(self.address)
        text = self.browser.evaluate("document.body.innerText")
        self.assertIn("The charts need scripts", text)
        self.assertNotIn("By percentile", text)
        delivered = r"\s+".join(str(result["messages"]["delivered"]) for result in self.results)
        self.assertRegex(text, rf"\ndelivered\s+{delivered}\n")
        self.assertIn(self.results[0]["server_version"], text)
        self.picture("without-scripts")


if __name__ == "__main__":
    unittest.main()
