#!/usr/bin/env bash
# Passes if COMMAND ends well, or is refused with exit code 1 and words on the processor:
# which of the two depends on where the test runs, a signal is wrong anywhere.
said=$("$@" 2>&1 >/dev/null)
code=$?
[ $code -eq 0 ] && exit 0
[ $code -eq 1 ] && [[ $said =~ "is compiled for ".*", but this processor lacks " ]] && exit 0
echo "exit code $code: $said"
exit 1
