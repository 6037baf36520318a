"""Changes test programs at random and gives them to netc and net-opt: whatever the text, they answer
with exit code 0, or 1 or 2 and words, in bounded time and memory, and never crash.

mutations.py COUNT FOLDER [SEED]    COUNT changed texts, in FOLDER those that went wrong
"""
import pathlib
import random
import subprocess
import sys

import bounded

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECONDS = 20
MEMORY = 2 << 30
TOKENS = ["(", ")", "[", "]", "{", "}", ",", ":", "..", "->", "|>", "<-", "=", "@", "%", "^", "-", "/",
          "0", "1", "-1", "2", "16", "1000000", "9223372036854775807", "1e308", "N", "else", "if",
          "sum[i]", "param", "state", "init", "scan", "yield", "for", "in", "grad", "model", "train",
          "layer", "fn", "return", "\"", "//", "u8", "f64", "bool", "\x00", "\xff", "é"]


def commands(path):
    if path.suffix == ".net":
        yield ["netc", str(path), "--emit=obj=/dev/null", "--batch", "3"]
        yield ["netc", "fmt", str(path), "-o", "/dev/null"]
    elif path.suffix == ".graph":
        passes = "simplify,autodiff,simplify,partition,fuse,schedule,plan-memory"
        yield ["net-opt", str(path), f"--passes={passes}", "-o", "/dev/null"]
    else:
        yield ["net-opt", str(path), "--passes=plan-memory", "-o", "/dev/null"]


def mutate(text, other, chance):
    for _ in range(chance.choice([1, 1, 2, 3, 8])):
        at = chance.randrange(len(text) + 1)
        length = chance.choice([1, 1, 3, 10, 60])
        kind = chance.randrange(7)
        if kind == 0:
            text = text[:at] + text[at + length:]
        elif kind == 1:
            text = text[:at] + chance.choice(TOKENS) + text[at:]
        elif kind == 2:
            text = text[:at] + chance.choice(TOKENS) + text[at + length:]
        elif kind == 3:
            text = text[:at] + text[at:at + length] * chance.choice([2, 2, 40]) + text[at + length:]
        elif kind == 4:
            begin = chance.randrange(len(other) + 1)
            text = text[:at] + other[begin:begin + length] + text[at:]
        elif kind == 5:
            lines = text.split("\n")
            random_line = chance.randrange(len(lines))
            lines.insert(chance.randrange(len(lines)), lines[random_line])
            text = "\n".join(lines)
        else:
            lines = text.split("\n")
            del lines[chance.randrange(len(lines))]
            text = "\n".join(lines)
    return text


def main():
    count, folder = int(sys.argv[1]), pathlib.Path(sys.argv[2])
    chance = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    folder.mkdir(parents=True, exist_ok=True)
    files = sorted(path for kind in ("net", "graph")
                   for place in ("test", "examples") for path in (ROOT / place).rglob(f"*.{kind}"))
    for name in ("mlp", "lstm", "integers", "pairwise"):
        model = ROOT / "test" / "gradients" / f"{name}.net"
        files.append(folder / f"{name}.loops")
        subprocess.run(["netc", str(model), "--cpu=x86-64-v3", f"--emit=loops={files[-1]}"], check=True)
    by_kind = {}
    for path in files:
        by_kind.setdefault(path.suffix, []).append(path)
    wrong = 0
    for number in range(count):
        path, other = chance.choices(by_kind[chance.choice(sorted(by_kind))], k=2)
        text = mutate(path.read_text(), other.read_text(), chance)
        mutant = folder / f"mutant{path.suffix}"
        mutant.write_bytes(text.encode("latin-1", "replace"))
        for command in commands(mutant):
            fault = bounded.fault(bounded.run(command, path.parent, SECONDS, MEMORY), (0, 1, 2))
            if fault:
                wrong += 1
                kept = folder / f"{number}-{command[0]}{path.suffix}"
                kept.write_bytes(mutant.read_bytes())
                print(f"{' '.join(command[:-1])}\n  of {path}, kept as {kept}: {fault}")
    print(f"{count} texts, {wrong} went wrong")
    sys.exit(wrong > 0)


main()
