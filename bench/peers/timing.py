"""How every peer in Python times its steps and reports them."""

import json
import resource
import time


def sample(run, seconds, begin, warm_up=5):
    """Calls run(0), run(1), ... for a time. Returns the seconds from `begin` to the end of the first
    call, those of each call after the warm-up, and the processor's time of a call on average."""
    run(0)
    first = time.perf_counter() - begin
    for i in range(1, 1 + warm_up):
        run(i)
    times, i, end = [], 1 + warm_up, time.perf_counter() + seconds
    busy = time.process_time()
    while not times or time.perf_counter() < end:
        before = time.perf_counter()
        run(i)
        times.append(time.perf_counter() - before)
        i += 1
    return first, times, (time.process_time() - busy) / len(times)


def report(sampled, steps=1):
    """Prints a line of JSON; a call took `steps` steps."""
    first, times, busy = sampled
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    times.sort()
    print(json.dumps({"step_us": 1e6 * times[len(times) // 2] / steps,
                      "step_us_p10": 1e6 * times[len(times) // 10] / steps,
                      "cpu_us": 1e6 * busy / steps,
                      "first_step_ms": 1e3 * first, "peak_rss_mib": memory}))
