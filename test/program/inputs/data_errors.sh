#!/usr/bin/env bash
# Trains with each of the files and prints what is said of it, with the exit code:
# data_errors.sh KIND FOLDER FILE... where KIND is images, labels, x or weights.
# The address space is bounded, so that a file that promises much must not be believed, and the
# processor's time, not the clock's: a busy machine refuses nothing.
kind=$1
folder=$2
shift 2
here=$(dirname "${BASH_SOURCE[0]}")
[ -n "$ASAN_OPTIONS" ] || ulimit -v 4000000
ulimit -t 60
for file in "$@"; do
  x=x.npy images=images.gz labels=labels.gz weights=good.safetensors model=line
  case $kind in
    x) x=$file ;;
    weights) weights=$file ;;
    *) model=digits; printf -v "$kind" %s "$file" ;;
  esac
  if [ $model = line ]; then
    sources="x = npy(\"$x\")\n    y = npy(\"y.npy\")"
    sed "s/^train line {/train line {\n  data {\n    $sources\n  }/" "$here/line.net" > "$folder/line.net"
    set -- netc train "$folder/line.net" --steps 1 --load "$folder/$weights"
  else
    sed -e "s#data/digits-t.*-images.idx.gz#$images#" -e "s#data/digits-t.*-labels.idx.gz#$labels#" \
      "$here/../../../examples/digits.net" > "$folder/digits.net"
    set -- netc train "$folder/digits.net" --steps 1
  fi
  echo "$file: $("$@" 2>&1 | sed "s#$folder/##"; echo "exit ${PIPESTATUS[0]}")"
done
