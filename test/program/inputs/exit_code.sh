#!/usr/bin/env bash
# Passes on what COMMAND prints and fails unless it ends with the exit code: exit_code.sh CODE COMMAND...
expected=$1
shift
"$@"
code=$?
[ $code -eq "$expected" ] && exit 0
echo "exit code $code, not $expected"
exit 1
