"""Runs every command that writes with /dev/full as its output, by name, by `-` and as standard output:
full_disk.py NETC LINE.net DIGITS.net"""
import subprocess
import sys

NETC, LINE, DIGITS = sys.argv[1:]
TRAIN = [NETC, "train", DIGITS, "--steps", "1"]
PREDICT = [NETC, "predict", LINE, "--load", "good.safetensors", "--input", "x.npy"]
KINDS = ["ast", "graph", "loops", "llvm", "asm", "obj", "so", "exe", "header", "dot"]

NAMED = [[*TRAIN, flag] for flag in ("--save", "--checkpoint", "--log")]
NAMED += [[*PREDICT, "-o"], [NETC, LINE, "-o"], [NETC, "fmt", LINE, "-o"], [NETC, "explain", LINE, "-o"],
          [NETC, LINE, "--emit=obj=line.o", "-MD", "-MF"], ["net-opt", "digits.graph", "-o"],
          ["./digits", "train", "--steps", "1", "--save"], ["./digits", "save", "-o"]]
PRINTED = [["eval", DIGITS, "--load", "w"], ["eval", DIGITS, "--load", "w", "--format", "json"],
           ["summary", LINE], ["check", LINE], ["bench", LINE], ["bench", LINE, "--format", "json"],
           ["bench", LINE, "--profile"], ["explain", LINE], ["--help"], ["train", "--help"], ["--version"],
           ["--print=passes"], ["--print=cpus"], ["--explain", "nesting-too-deep"]]
PRINTED = [[NETC, *words] for words in PRINTED]
PRINTED += [["net-opt", "digits.graph"], ["net-opt", "--help"], ["./digits", "--help"],
            ["./digits", "eval", "--load", "w"]]


def check(words):
    with open("/dev/full", "wb") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True)
    told = "error: " in done.stderr and (
        "No space left on device" in done.stderr or "cannot write standard output" in done.stderr)
    if done.returncode != 74 or not told:
        print(f"{' '.join(words)}: exit code {done.returncode}: {done.stderr}")
    return done.returncode == 74 and told


commands = [words + [path] for words in NAMED for path in ("/dev/full", "-")
            if path != "-" or words not in ([NETC, LINE, "-o"], [NETC, LINE, "--emit=obj=line.o", "-MD", "-MF"])]
commands += [[NETC, LINE, f"--emit={kind}={path}"] for kind in KINDS for path in ("/dev/full", "-")]
sys.exit(not all([check(words) for words in commands + PRINTED]))
