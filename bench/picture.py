"""A chart of how many times as long as netc each program takes, readable on light and dark pages."""

import html
import math

COLOURS = {"torch": "#d9623b", "compile": "#c9a227", "jax": "#3f7fbf", "scan": "#4aa38c"}
WIDTH, LEFT, BAR, GAP = 720, 60, 9, 12
STYLE = ("text{font:12px sans-serif;fill:#333}.axis{stroke:#999;stroke-width:.5}"
         ".one{stroke:#333;stroke-width:1.5}@media(prefers-color-scheme:dark)"
         "{text{fill:#ddd}.axis{stroke:#777}.one{stroke:#ddd}}")


def picture(times, names, caption):
    """SVG; `times` has for each workload the microseconds by program, `netc` among them."""
    ratios = {w: {p: t / by["netc"] for p, t in by.items() if p != "netc"} for w, by in times.items()}
    every = [r for by in ratios.values() for r in by.values()] or [1]
    low, high = min(0.25, *every), max(4.0, *every)

    def x(ratio):
        return LEFT + (WIDTH - LEFT - 50) * math.log(ratio / low) / math.log(high / low)

    body, y = [], 44
    for workload, by in ratios.items():
        body.append(f'<text x="8" y="{y + BAR * len(by) / 2 + 4}">{workload}</text>')
        for program, ratio in by.items():
            begin, end = sorted((x(1), x(ratio)))
            body.append(f'<rect x="{begin:.1f}" y="{y}" width="{end - begin:.1f}" '
                        f'height="{BAR - 1}" fill="{COLOURS[program]}"/>'
                        f'<text x="{x(ratio) + (4 if ratio >= 1 else -28):.1f}" y="{y + 8}" '
                        f'style="font-size:9px">{ratio:.2g}</text>')
            y += BAR
        y += GAP
    for power in range(math.ceil(math.log2(low)), math.floor(math.log2(high)) + 1):
        at, label = x(2.0 ** power), f"{2.0 ** power:g}"
        body.insert(0, f'<line x1="{at:.1f}" x2="{at:.1f}" y1="38" y2="{y}" '
                       f'class="{"one" if power == 0 else "axis"}"/>'
                       f'<text x="{at:.1f}" y="{y + 14}" text-anchor="middle">{label}</text>')
    used = {p for by in ratios.values() for p in by}
    for i, program in enumerate(p for p in names if p in used):
        body.append(f'<rect x="{LEFT + 130 * i}" y="10" width="10" height="10" '
                    f'fill="{COLOURS[program]}"/>'
                    f'<text x="{LEFT + 130 * i + 15}" y="19">{names[program]}</text>')
    body.append(f'<text x="8" y="{y + 34}" style="font-size:10px">time of a training step, netc = 1; '
                f'{html.escape(caption)}</text>')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 44}">'
            f'<style>{STYLE}</style>{"".join(body)}</svg>\n')
