#!/usr/bin/env bash
# Kills a training run once it has written a checkpoint in its midst, resumes it, and compares
# its weights with those of an unbroken run: killed.sh MODEL.net FOLDER [FLAG...]
set -e
model=$1
folder=$2
shift 2
netc train "$model" --seed 3 --save "$folder/unbroken" "$@" 2>/dev/null
for round in 1 2 3; do
  netc train "$model" --seed 3 --save "$folder/broken" --checkpoint "$folder/state" "$@" 2>/dev/null &
  process=$!
  for _ in $(seq 2000); do
    if [ -e "$folder/state" ]; then break; fi
    sleep 0.005
  done
  sleep "0.0$round"
  kill -9 $process 2>/dev/null && killed=yes
  wait $process 2>/dev/null || true
  if [ -n "$killed" ] && [ ! -e "$folder/broken" ]; then break; fi
  rm -f "$folder/broken" "$folder/state"
done
[ -e "$folder/state" ] && [ ! -e "$folder/broken" ]
netc train "$model" --seed 3 --save "$folder/broken" --resume "$folder/state" "$@" 2>/dev/null
cmp "$folder/unbroken" "$folder/broken"
