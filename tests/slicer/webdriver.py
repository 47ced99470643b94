# SPDX-License-Identifier: GPL-2.0
"""webdriver.py: a browser for tests: Chromium without a window, by chromedriver's HTTP interface (W3C WebDriver).

    with Browser() as b:
        b.open("file:///tmp/x.html")
        b.wait("document.title")            # until the expression is true; its value
        b.one("#query").type("tcp")         # the first element of a selector, which must be there
        b.errors()                          # what the console complains about
"""
import json
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the standard's key of an element's reference
BOUND = 60  # seconds until a wait gives up


class Failed(Exception):
    pass


class Element:
    def __init__(self, browser, ref):
        self.browser, self.ref = browser, ref

    def call(self, method, path, body=None):
        return self.browser.session(method, f"element/{self.ref}/{path}", body)

    def click(self):
        self.call("POST", "click", {})

    def type(self, text):
        self.call("POST", "value", {"text": text})

    @property
    def text(self):
        return self.call("GET", "text")


class Browser:
    def __init__(self, width=1400, height=1000):
        self.home = tempfile.mkdtemp(prefix="kslice-browser-")
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = self.id = None
        for line in self.driver.stdout:
            m = re.search(r"started successfully on port (\d+)", line)
            if m:
                self.url = f"http://127.0.0.1:{m[1]}"
                break
        if not self.url:
            raise Failed("chromedriver doesn't start")
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--lang=en-US",
                            f"--user-data-dir={self.home}", f"--window-size={width},{height}"]}
        answer = self.request("POST", "session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}})
        self.id = answer["sessionId"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            if self.id:
                self.session("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()
            self.driver.stdout.close()
            shutil.rmtree(self.home, ignore_errors=True)

    def request(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        req = urllib.request.Request(f"{self.url}/{path}", data=data, method=method, headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(req, timeout=2 * BOUND) as r:
                return json.load(r)["value"]
        except urllib.error.HTTPError as e:
            raise Failed(f"{path}: {e.read().decode(errors='replace')[:600]}") from None

    def session(self, method, path, body=None):
        return self.request(method, f"session/{self.id}/{path}".rstrip("/"), body)

    def open(self, url):
        self.session("POST", "url", {"url": url})

    def run(self, expression):
        return self.session("POST", "execute/sync", {"script": f"return ({expression})", "args": []})

    def wait(self, expression):
        end = time.monotonic() + BOUND
        while not (value := self.run(expression)):
            if time.monotonic() > end:
                raise Failed(f"never true: {expression}")
            time.sleep(0.05)
        return value

    def all(self, selector):
        found = self.session("POST", "elements", {"using": "css selector", "value": selector})
        return [Element(self, e[ELEMENT]) for e in found]

    def one(self, selector):
        found = self.all(selector)
        if not found:
            raise Failed(f"no such element: {selector}")
        return found[0]

    def devtools(self, command, **params):
        return self.session("POST", "goog/cdp/execute", {"cmd": command, "params": params})

    def scheme(self, name):
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def resize(self, width, height):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def errors(self):
        return [e["message"] for e in self.session("POST", "se/log", {"type": "browser"}) if e["level"] in ("SEVERE", "WARNING")]
