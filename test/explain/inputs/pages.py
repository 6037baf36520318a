"""Writes the page of every program twice and reads it: well formed, self-contained, complete.

Usage: pages.py NETC FOLDER-OR-FILE... Every element is closed, every id stands once, every link leads
to one, nothing is fetched, the two writings are equal, and every call of a kernel is told.
"""
import html.parser
import pathlib
import re
import subprocess
import sys

VOID = {"meta", "br", "hr", "img", "input", "link"}
FETCHING = {"src", "srcset", "data", "action", "poster", "background", "xlink:href"}


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.faults, self.calls = [], [], [], [], 0
        self.feed(text)
        self.close()
        self.faults += [f"<{tag}> is not closed" for tag in self.open]

    def handle_starttag(self, tag, attributes):
        if tag in {"link", "iframe", "img", "object", "embed"}:
            self.faults.append(f"<{tag}> may fetch something")
        if tag == "a" and "a" in self.open:
            self.faults.append("a link in a link")
        for name, value in attributes:
            if name == "id":
                self.ids.append(value)
            elif name == "href" and value.startswith("#"):
                self.links.append(value[1:])
            elif name == "href" or name in FETCHING:
                self.faults.append(f"{name}={value} leads elsewhere")
        self.calls += tag == "dt"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes something else at line {self.getpos()[0]}")


def run(netc, *arguments):
    return subprocess.run([netc, *arguments], check=True, capture_output=True, text=True).stdout


def faults_of(netc, path):
    text = run(netc, "explain", path, "--format", "html")
    page = Page(text)
    yield from page.faults
    yield from (f"id {one} stands twice" for one in set(page.ids) if page.ids.count(one) > 1)
    yield from (f"no element has the id {one}" for one in set(page.links) - set(page.ids))
    if re.search(r"url\(|@import|https?:|//", text):
        yield "names something outside of the page"
    if text != run(netc, "explain", path, "--format", "html"):
        yield "differs the second time"
    entry = "train" if re.search(r"^train\b", path.read_text(), re.MULTILINE) else "gradient"
    loops = run(netc, path, f"--entry={entry}", "--emit=loops")
    told = loops.split("\nstep ")[1]  # of several train blocks the first
    calls = len(re.findall(r"^ +@k\d+\(", told, re.MULTILINE))
    if page.calls != calls or not calls:
        yield f"tells {page.calls} of {calls} calls of kernels"


netc = sys.argv[1]
failed = seen = 0
for place in map(pathlib.Path, sys.argv[2:]):
    for path in sorted(place.glob("*.net")) if place.is_dir() else [place]:
        seen += 1
        for fault in faults_of(netc, path):
            failed += 1
            print(f"{path.name}: {fault}")
print(f"{seen} pages, {failed} faults")
sys.exit(failed > 0 or seen == 0)
