"""Writes text.txt: the pages of the project's documentation one after the other, in the letters of
the alphabet of alphabet.net. It is stored, so that results stay when a page changes.
"""
import pathlib
import re

here = pathlib.Path(__file__).parent
pages = sorted((here.parents[1] / "docs").glob("*.md"))
text = "\n".join(page.read_text() for page in pages)
(here / "text.txt").write_text(re.sub(r"[^\n -~·]", "", text))
