"""Reads every include of the tree and compares it with what its folder may see.

Usage: layers.py ROOT. Prints each include that points the wrong way.
"""
import pathlib
import re
import sys

# Folder -> the folders of ours that it may include, besides itself.
MAY_SEE = {
    "ir/support": [],
    "ir": ["ir/support"],
    "ir/loops": ["ir", "ir/support"],
    "frontend": ["ir", "ir/support"],
    "passes": ["ir", "ir/support", "ir/loops"],
    "codegen": ["ir", "ir/support", "ir/loops", "runtime/core"],
    "runtime/core": [],
    "runtime/trainer": ["runtime/core"],
    "tools/command_line": ["ir", "ir/support", "ir/loops", "passes"],
    "tools/explain": ["ir", "ir/support", "ir/loops", "passes"],
    "tools/driver": ["ir", "ir/support", "ir/loops", "passes", "frontend", "codegen",
                     "runtime/core", "runtime/trainer", "tools/command_line", "tools/explain"],
    "tools": ["ir", "ir/support", "ir/loops", "passes", "tools/command_line", "tools/driver"],
}

# Libraries of others -> the folders that may see them.
OWNERS = {
    "llvm/": ["codegen"],
    "lld/": ["codegen"],
    "boost/": ["tools/command_line"],
    "zlib.h": ["runtime/trainer"],
    "nlohmann/": ["runtime/trainer"],
}

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)


def complaints(root):
    for folder, visible in MAY_SEE.items():
        for path in sorted((root / folder).iterdir()):
            if path.suffix not in (".h", ".cpp", ".c"):
                continue
            for included in INCLUDE.findall(path.read_text()):
                target = str(pathlib.PurePosixPath(included).parent)
                if target in MAY_SEE and target != folder and target not in visible:
                    yield f"{path.relative_to(root)}: {folder} may not see {included}"
                for library, owners in OWNERS.items():
                    if included.startswith(library) and folder not in owners:
                        yield f"{path.relative_to(root)}: {included} is for {', '.join(owners)} alone"


found = list(complaints(pathlib.Path(sys.argv[1])))
print("\n".join(found))
sys.exit(bool(found))
