#!/bin/sh
# train_seeds.sh MODEL SCRATCH LEAST: trains from five seeds and wants this validation accuracy.
set -e
for seed in 1 2 3 4 5; do
  netc train "$1" --quiet --threads=1 --seed=$seed --log="$2.$seed"
  tail -n 1 "$2.$seed" | python3 -c "
import json, sys
accuracy = json.load(sys.stdin)['validation']['accuracy']
sys.exit(f'seed $seed: {accuracy}' if accuracy < $3 else 0)"
done
