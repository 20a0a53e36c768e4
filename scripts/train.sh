#!/bin/sh
# Train the default model, measure it and write its documents, stage by stage; what is done is not done again.
# With a version, the model that ships is replaced. See docs/training.md.
set -eu
rsna=${1:?RSNA= names the folder of digital views} films=${2:?FILMS= names the folder of films} cache=${3:?CACHE= names a folder} version=${4:-}
first=6 second=4 # epochs of the two stages
views="$cache/views/rsna $cache/views/films"
found=$cache/evaluation

python() { command "${PYTHON:-python}" "$@"; }
run() { python -m training.mammogram "$@"; }
# A stage that leaves a folder or file under a name of its own is whole once it has the right name.
make_once() {
  made=$1 stage=$2
  shift 2
  [ ! -e "$made" ] || return 0
  part=$(dirname "$made")/part-$(basename "$made")
  rm -rf "$part"
  mkdir -p "$(dirname "$made")"
  run "$stage" "$@" --out "$part"
  mv "$part" "$made"
}
# The recipe: stage 1, and two networks of stage 2 that begin with it, learn apart and make one model.
members="gated concepts"
pretrain() { # name, options
  name=$1
  shift
  run pretrain --views $views --epochs $first --measured-every 2 --out "$cache/runs/stage1-$name" \
    --mix 9 4 0 3 0 --transplants 0.3 --woven 0.1 "$@"
}
finetune() { # name, name of the stage 1 that it begins with, options
  name=$1 start=$cache/runs/stage1-$2/$(printf 'weights_%03d.npz' $first)
  shift 2
  for member in $members; do
    case $member in
      gated) own="--seed 1 --energy-weight 0.1" ;;
      concepts) own="--seed 2 --energy-weight 0.03" ;;
    esac
    run finetune --views $views --epochs $second --measured-every 2 --out "$cache/runs/$member-$name" --head $member \
      --mix 2 2 8 2 2 --transplants 0 --woven 0 --rate 4e-4 --cell-weight 0.05 $own --geometry 0.7 --grey 0.7 --start "$start" "$@"
  done
}
weights() { # name
  for member in $members; do echo "$cache/runs/$member-$1/$(printf 'weights_%03d.npz' $second)"; done
}

export_run() { # bundle, name, options
  bundle=$cache/models/$1.mammo weights=$(weights "$2")
  shift 2
  mkdir -p "$cache/models"
  [ -e "$bundle" ] || run export --float16 --weights $weights --out "$bundle" "$@"
}
film() { # evaluation, positive labels, models
  name=$1 positive=$2
  shift 2
  make_once "$found/$name" evaluate --views $views --table "$films/labels.csv" --spacing-mm 0.2 \
    --positive "$positive" "$@"
}

run prepare --data "$rsna" --cache "$cache/views/rsna"
run prepare --data "$films" --cache "$cache/views/films"

# Out of fold
models= random=
for fold in 0 1 2; do
  pretrain fold$fold --fold $fold
  finetune fold$fold fold$fold --fold $fold
  export_run fold$fold fold$fold
  models="$models --model $fold=$cache/models/fold$fold.mammo"
  random="$random --model $fold=$cache/models/random.mammo"
done
make_once "$found/rsna" evaluate --views $views --table "$rsna/labels.csv" $models
film films benign,malignant $models
film malignant malignant $models
export_run random fold0 --random 1
film random benign,malignant $random
make_once "$found/stability.md" stability --views $views --fold 0 --model "$cache/models/fold0.mammo" \
  "$rsna"/* "$films"/*

# Controls: the recipe with nothing to learn, on one fold
finetune shuffled fold0 --fold 0 --shuffled --mix 2 2 12 0 0
finetune background fold0 --fold 0 --background --mix 0 0 16 0 0
for control in shuffled background; do
  make_once "$found/$control.json" control --views $views --weights $(weights $control)
done

# The weights that ship: everything, for as long
pretrain final
finetune final final
export_run final final
make_once "$cache/phantoms" phantoms
[ -e "$found/phantoms" ] || {
  rm -rf "$found/part-phantoms"
  python -m mammo_core evaluate "$cache/phantoms/labels.csv" --model "$cache/models/final.mammo" \
    --out "$found/part-phantoms" || [ $? -eq 1 ] # 1: an image was refused, and the report says so
  mv "$found/part-phantoms" "$found/phantoms"
}

[ -n "$version" ] || { echo "measured; to replace the model that ships: make train … VERSION=1.0.0"; exit 0; }
run release --float16 --views $views --weights $(weights final) --version "$version" $models \
  --rsna "$found/rsna" --rsna-table "$rsna/labels.csv" --films "$found/films" \
  --malignant "$found/malignant" --phantoms "$found/phantoms" --keras "$cache/models/mammogram-cnn.keras"
# 1: a check failed, and the page says so
python -m mammo_core check "$cache/models/mammogram-cnn.keras" --json > "$found/check.json" || [ $? -eq 1 ]
curves=
for member in $members; do
  for name in fold0 fold1 fold2 shuffled background final; do curves="$curves --run $cache/runs/$member-$name"; done
done
run card --views $views --rsna "$found/rsna" --films "$found/films" --malignant "$found/malignant" \
  --random "$found/random" --phantoms "$found/phantoms" --stability "$found/stability.md" \
  --control "$found/shuffled.json" --control "$found/background.json" --check "$found/check.json" $curves
# What shows the model's answer to the sample
python scripts/make_answer.py
python scripts/make_api_page.py
python scripts/demo.py --out "$cache/demo"
cp "$cache/demo/overlay.png" docs/overlay.png
