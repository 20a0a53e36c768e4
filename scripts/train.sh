#!/bin/sh
# Train the default model, stage by stage; what is done already is not done again. See docs/training.md.
set -eu
rsna=$1 films=$2 cache=$3
run() { "${PYTHON:-python}" -m training.mammogram "$@"; }
views="$cache/views/rsna $cache/views/films"
first=14 second=5 # epochs of the two stages

run prepare --data "$rsna" --cache "$cache/views/rsna"
run prepare --data "$films" --cache "$cache/views/films"
models=
for fold in 0 1 2; do
  run pretrain --views $views --fold $fold --epochs $first --measured-every 4 --out "$cache/runs/stage1-fold$fold"
  run finetune --views $views --fold $fold --epochs $second --out "$cache/runs/stage2-fold$fold" \
    --head concepts --mix 2 2 10 2 --cell-weight 0.05 --energy-weight 0.1 --geometry 0.5 --grey 0.5 \
    --start "$cache/runs/stage1-fold$fold/$(printf 'weights_%03d.npz' $first)"
  run export --views $views --run "$cache/runs/stage2-fold$fold" --epoch $second --out "$cache/fold$fold.mammo"
  models="$models --model $fold=$cache/fold$fold.mammo"
done
run evaluate --views $views --table "$rsna/labels.csv" $models --out "$cache/evaluation/rsna"
run evaluate --views $views --table "$films/labels.csv" --positive benign,malignant --spacing-mm 0.2 $models \
  --out "$cache/evaluation/films"
