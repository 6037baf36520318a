#!/usr/bin/env bash
# Gives a model and its input each of the names, and compiles its header as C and as C++:
# named_headers.sh NETC CC LINE.net NAME...
netc=$1
cc=$2
model=$3
shift 3
failed=0
for name in "$@"; do
  sed -E "s/(model|train) line/\1 $name/; s/\bx\b/$name/" "$model" > named.net
  "$netc" named.net --emit=header=named.h || failed=1
  printf '#include "named.h"\nint main(void) { return 0; }\n' > named.c
  for language in "c -std=c99 -pedantic" "c++ -std=c++20 -pedantic" "c"; do
    $cc -x $language -Wall -Wextra -Werror -fsyntax-only named.c && continue
    echo "the header of a model called $name is no $language"
    failed=1
  done
done
exit $failed
