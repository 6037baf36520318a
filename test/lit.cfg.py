# Tests from text to text: each file runs the commands of its RUN lines. They may name
#   %netc %net-opt     the programs      %s  the test     %t  a scratch path of its own
#   %examples          the folder examples/               %cc the C compiler
#   %python_of_libraries  python3, where it loads a library that netc wrote
#   FileCheck, not, split-file, diff, python3
import os
import subprocess

import lit.formats

config.name = "netc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".net", ".graph", ".loops", ".test"]
config.excludes = ["unit", "inputs"]
config.test_source_root = os.path.join(config.source_root, "test")
config.test_exec_root = os.path.join(config.binary_root, "test", "lit")

binaries = os.path.join(config.binary_root, "bin")
config.environment["PATH"] = os.pathsep.join(
    [binaries, config.llvm_tools, config.environment.get("PATH", "")])
config.environment["NO_COLOR"] = "1"
config.environment["FILECHECK_OPTS"] = "--dump-input=fail"
for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TMPDIR"):
    if name in os.environ:
        config.environment[name] = os.environ[name]

# The archives of a sanitized build need the sanitizers' runtime wherever they are linked; a report
# is a crash, for an exit code would pass where a command is to fail.
compiler = config.c_compiler
python_of_libraries = "python3"
if config.sanitized:
    config.available_features.add("sanitized")
    compiler += " -fsanitize=address,undefined"
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
        config.environment.setdefault(name, "abort_on_error=1:print_stacktrace=1")
    # The sanitizer has to be there before the library, and what Python leaks is its own.
    runtime = subprocess.run([compiler.split()[0], "-print-file-name=libasan.so"], check=True,
                             capture_output=True, text=True).stdout.strip()
    python_of_libraries = (f"env LD_PRELOAD={runtime} ASAN_OPTIONS="
                           f"{config.environment['ASAN_OPTIONS']}:detect_leaks=0 python3")

config.substitutions += [
    ("%python_of_libraries", python_of_libraries),
    ("%netc", os.path.join(binaries, "netc")),
    ("%net-opt", os.path.join(binaries, "net-opt")),
    ("%examples", os.path.join(config.source_root, "examples")),
    ("%source_root", config.source_root),
    ("%binary_root", config.binary_root),
    ("%cc", compiler),
]
