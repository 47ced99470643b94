#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The page of `kslice report --html`, looked at in Chromium.

    test_page.py KSLICE mini WORKDIR     the mini tree, built sliced and whole: everything is there and works
    test_page.py KSLICE NAME             a domain in build/: its page opens, is complete, and isn't too big
"""
import json
import os
import re
import subprocess
import sys

import webdriver
from mini_tree import HERE, make_mini, run

BUILD = os.environ.get("KSLICE_BUILD") or f"{HERE}/../../build"
MOST = 10 << 20  # bytes of a page
failures = []

# Ratio of the contrast between an element's text and what it lies on, as WCAG 2 computes it.
CONTRAST = """((e) => {
  const rgb = (c) => c.match(/[\\d.]+/g).map(Number);
  const back = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3]) return c; }
    return [255, 255, 255]; };
  const light = (c) => c.slice(0, 3).map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const a = light(rgb(getComputedStyle(e).color)), b = light(back(e));
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
})(document.querySelector(%s))"""


def check(ok, what):
    if not ok:
        failures.append(what)
        print("FAIL:", what)


def data_of(page):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', open(page).read(), re.S)[1])


def tab(b, name):
    b.one(f"#tab-{name}").click()
    b.wait(f"!document.querySelector('#{name}').hidden")


def contrasts(b, selectors):
    for scheme in ("light", "dark"):
        b.scheme(scheme)
        for s in selectors:
            ratio = b.run(CONTRAST % json.dumps(s))
            check(ratio >= 4.5, f"{scheme}: {s}: contrast {ratio:.2f}, readable is 4.5")
    b.scheme("light")


def open_page(b, page):
    b.open("file://" + os.path.abspath(page))
    b.wait("document.querySelectorAll('.cell').length > 2")


def search(b, text):
    b.run("document.querySelector('#query').value = ''")
    b.one("#query").type(text)
    b.wait("document.querySelectorAll('#results li').length")


def look_at_mini(b, page):
    open_page(b, page)
    data = data_of(page)
    check(b.one("#name").text == "mini", "the head names the slice")
    check(data["manifest"]["version"] in b.one("#source").text, "the head tells the kernel's version")
    check(len(b.all("#tabs button")) == 7, "seven tabs")
    search(b, "inet_bind")
    b.one("#results button").click()
    b.wait("!document.querySelector('#why').hidden")
    path = b.one("#why ol").text
    check(re.search(r"inet_bind\n.*\nthrough field struct proto_ops:bind of inet_ops.*\nbind_any", path) and "exported call" in path, "why inet_bind: " + path)
    check(not re.search(r"\b(null|undefined|NaN)\b", b.one("#why").text), "the panel has a hole: " + b.one("#why").text)
    b.all("#why ol a")[1].click()
    b.wait("document.querySelector('#why h2').textContent === 'bind_any'")
    check(b.one("#results").text == "", "the results close")
    search(b, "inet_ioctl")
    check("not in the slice" in b.one("#results").text, "the search finds what is gone")
    search(b, "no_such_thing")
    check("nothing of that name" in b.one("#results").text, "the search says that it finds nothing")
    look_at_map(b)
    look_at_edits(b)
    tab(b, "calls")
    check([e.text.split()[0] for e in b.all("#calls tbody td:first-child")] == data["manifest"]["calls"], "the calls")
    tab(b, "cuts")
    check("Lost: " + data["manifest"]["lost"]["mini-tables"] in b.one("details[data-group=mini-tables]").text, "what a group of cuts loses")
    check(any("the value keeps what it names" in r.text for r in b.all("#cuts tr")), "the reason of a cut")
    tab(b, "biggest")
    check(len(b.all("#biggest tbody tr")) > 3, "the biggest")
    tab(b, "directories")
    check(b.one("#directories tbody tr").text.split()[1] == str(data["manifest"]["kept"]["functions"]), "the total of functions")
    tab(b, "attack")
    check(len(b.all("#attack tbody tr")) == 2, "the figures of both images")
    contrasts(b, ["#about", "#source dt", "#tabs button", "#attack td", "#attack th", "#attack .note"])


def look_at_map(b):
    tab(b, "map")
    check(not b.all(".cell.gone"), "the map of the slice has only what is kept")
    kept = len(b.all(".cell"))
    b.one("#beside").click()
    b.wait("document.querySelectorAll('.cell.gone').length > 0")
    check(len(b.all(".cell")) > kept, "beside the whole there is more")
    contrasts(b, [".cell:not(.gone):not(.box)", ".cell.gone", ".cell.box"])
    b.run("location.hash = '/map/net/inet.c'")
    b.wait("document.querySelector('#crumbs').textContent.includes('inet.c')")
    names = [e.text.split("\n")[0] for e in b.all(".cell")]
    check("inet_bind" in b.run("[...document.querySelectorAll('.cell')].map((c) => c.dataset.name)"), f"the functions of a file: {names}")


def look_at_edits(b):
    tab(b, "edits")
    b.one("#edit-list button[data-path='kernel/cuts.c']").click()
    b.wait("document.querySelectorAll('table.diff td.del').length > 0")
    left, right = (b.run(f"[...document.querySelectorAll('table.diff tr')].map((r) => r.children[{i}] ? r.children[{i}].textContent : '').join('\\n')") for i in (1, 3))
    check("dropped_here();" in left and "dropped_here();" not in right, "the dropped call is left of the diff, not right")
    contrasts(b, ["table.diff td.del", "table.diff td.at", "#edit-list button", "#edit-list small"])


def look_narrow(b, page):
    b.resize(420, 800)
    open_page(b, page)
    for name in ("map", "biggest", "directories", "calls", "cuts", "edits", "attack"):
        tab(b, name)
        wide = b.run("document.documentElement.scrollWidth - innerWidth")
        check(wide <= 0, f"on a narrow window {name} is {wide} pixels too wide")
    b.run("location.hash = '/why/0'")
    b.wait("!document.querySelector('#why').hidden")
    left = b.run("document.querySelector('#why').getBoundingClientRect().left")
    check(left == 0, f"on a narrow window the panel begins at {left}, not below the rest")


def look_at_domain(b, name, page):
    open_page(b, page)
    data = data_of(page)
    check(b.one("#name").text == name and len(data["units"]) > 1000 and len(data["changes"]) > 50, "the slice is in the page")
    call = data["manifest"]["calls"][0]
    search(b, f"sys_{call}")
    b.one("#results button").click()
    b.wait("!document.querySelector('#why').hidden")
    check("exported call" in b.one("#why").text, f"why sys_{call}")
    for t in ("biggest", "directories", "calls", "cuts", "edits", "attack"):
        tab(b, t)
    b.one("#tab-edits").click()
    b.one("#edit-list button").click()
    b.wait("document.querySelectorAll('table.diff td.del').length > 0")
    size = os.path.getsize(page)
    print(f"{size} bytes")
    check(size < MOST, f"{size} bytes, at most {MOST}")


def main():
    kslice, name = os.path.abspath(sys.argv[1]), sys.argv[2]
    out = make_mini(kslice, os.path.abspath(sys.argv[3])) if name == "mini" else f"{BUILD}/{name}"
    page = f"{out}/report.html"
    print(run([kslice, "report", "--out", out, name, "--html"], check=True).stdout, end="")
    check(not re.search(r'(src|href)="(https?:)?//|url\(|@import', re.sub(r'(?s)<script type="application/json".*?</script>', "", open(page).read())), "it loads nothing else")
    with webdriver.Browser() as b:
        if name == "mini":
            look_at_mini(b, page)
            look_narrow(b, page)
        else:
            look_at_domain(b, name, page)
        errors = b.errors()
        check(not errors, f"the console says {errors}")
    print("failures:", len(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (webdriver.Failed, subprocess.CalledProcessError) as e:
        sys.exit(f"failed: {e} {getattr(e, 'stdout', '') or ''}")
