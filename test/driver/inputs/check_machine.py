"""Checks the report of a machine as x86-64: vectors of 16 bytes, f64 half as fast as f32."""

import json
import sys

with open(sys.argv[1]) as file:
    machine = json.load(file)
assert (machine["cpu"], machine["vector_bytes"], machine["vector_registers"]) == ("x86-64", 16, 16)
assert not machine["has_fma"] and machine["processors"] >= 1
assert 1e8 < machine["f32_flops"] < 1e12 and 1.2 < machine["f32_flops"] / machine["f64_flops"] < 3
levels = {level["name"]: level for level in machine["levels"]}
assert list(levels)[:3] == ["L1", "L2", "L3"]
assert levels["L1"]["bytes"] < levels["L2"]["bytes"] < levels["L3"]["bytes"]
for level in levels.values():
    assert 1e8 < level["read_bytes_per_second"] < 1e13, level
assert 0 < machine["wake_us"] < 1e5 and machine["wake_asleep_us"] > 0
