"""Compiles programs with every dump and reads each dump back with net-opt.

Usage: dumps_of.py NETC NET_OPT SCRATCH FOLDER... Every .net file of the folders is compiled with
`--verify-each`, the graph after each pass and the loops are written to a folder, and all that is
there is printed twice by net-opt.
"""
import pathlib
import subprocess
import sys

netc, net_opt, scratch = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
failed = programs = dumps = 0
for folder in sys.argv[4:]:
    for path in sorted(pathlib.Path(folder).glob("*.net")):
        into = scratch / f"{path.parent.name}.{path.stem}"
        command = [netc, path, "--batch", "4", "--verify-each", f"--dump-dir={into}",
                   f"--emit=loops={scratch / 'last.loops'},graph={scratch / 'last.graph'}"]
        done = subprocess.run(command, capture_output=True, text=True)
        programs += 1
        if done.returncode:
            failed += 1
            print(f"{path}: exit code {done.returncode}: {done.stderr}")
            continue
        for dump in [*sorted(into.iterdir()), scratch / "last.loops", scratch / "last.graph"]:
            dumps += 1
            once = subprocess.run([net_opt, dump], capture_output=True, text=True)
            if once.returncode or once.stdout != dump.read_text():
                failed += 1
                print(f"{into.name}/{dump.name}: {once.stderr or 'printed differently'}")
print(f"{programs} programs, {dumps} dumps, {failed} failed")
sys.exit(failed > 0 or dumps < 8 * programs)
