"""Trains with a terminal as standard error until five bars were drawn, and compares their number with
the time that went by: bars.py COMMAND..."""
import os
import pty
import re
import signal
import subprocess
import sys
import time

BAR = re.compile(rb"\r\x1b\[Kepoch \d+/\d+  \[=* *\]  [0-9,]+ rows/s  loss [0-9.e-]+  [^\r]* left")


def bars_of(words, environment):
    """The bars, and the seconds from the start until the end of the process."""
    ours, theirs = pty.openpty()
    begin = time.monotonic()
    process = subprocess.Popen(words, stderr=theirs, env=dict(os.environ, **environment))
    os.close(theirs)
    seen, stopped = b"", False
    while True:
        try:
            seen += os.read(ours, 4096)
        except OSError:  # the process has closed its side
            break
        if not stopped and (len(BAR.findall(seen)) >= 5 or seen.count(b"\n") >= 2):
            process.send_signal(signal.SIGINT)
            stopped = True
    assert process.wait() == 130, process.returncode
    return len(BAR.findall(seen)), time.monotonic() - begin, seen


count, seconds, seen = bars_of(sys.argv[1:], {"TERM": "xterm"})
assert 1 <= count <= 10 * seconds, f"{count} bars in {seconds} seconds: {seen}"
count, seconds, seen = bars_of(sys.argv[1:], {"TERM": "dumb"})
assert count == 0 and b"\x1b" not in seen, seen
