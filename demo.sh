#!/bin/sh
# The whole chain, once, on a simulated network: what `make demo` runs. Each line is a command that you can type.
set -eu
demo=$1
mkdir -p "$demo"
export AFTERWARD_RELEASES="$demo/releases"
export AFTERWARD_DATABASE_URL="sqlite:///$demo/afterward.db"

say() { printf '\n== %s\n' "$*"; }
run() { printf '$ afterward %s\n' "$*"; "$AFTERWARD" "$@"; }

say "1. Simulate a network: what it would really receive (nobody in it is real)"
run simulate --members "$MEMBERS" --years 3 --seed 7 --out "$demo/files"
say "2. Load its files into a store"
run load tuva "$demo/files" --store "$demo/store"
say "3. Train and calibrate both discharge models, evaluate them on the latest period, promote them"
for model in readmission_30d adverse_event_21d; do
  run train "$model" --store "$demo/store"
  run evaluate "$model" --store "$demo/store" --json "$demo/$model.metrics.json"
  # a network this small may be off by chance: then its last step is fitted anew on later rows, as the message says;
  # should that be stopped too, the list is still to be seen, and the reason is kept
  run promote "$model" || { run recalibrate "$model" --store "$demo/store" && run promote "$model"; } \
    || run promote "$model" --force "a demonstration: nobody is called"
done
say "4. Find the care that is overdue, and score everyone discharged in the last 14 days"
run gaps --store "$demo/store" --as-of 2024-12-31 --out "$demo/gaps.csv"
run score adverse_event_21d --store "$demo/store" --from 2024-12-18 --to 2024-12-31 --top 50 --out "$demo/adverse_events.csv"
run score readmission_30d --store "$demo/store" --from 2024-12-18 --to 2024-12-31 --top 50 --gaps "$demo/gaps.csv" --out "$demo/outreach.csv"
say "5. Fill the worklist of two mornings, on which care managers work"
run worklist fill --store "$demo/store" --day 2024-12-30
run worklist fill --store "$demo/store" --day 2024-12-31 --gaps "$demo/gaps.csv"
say "Written"
cat <<END
  $demo/outreach.csv, $demo/outreach.html   whom to call first and why (open the page in a browser)
  $demo/adverse_events.csv, .html           the same for harm within 21 days of discharge
  $demo/gaps.csv                            for every person and measure: open, closed, excluded or not applicable
  $demo/readmission_30d.metrics.json        how good the model is, with intervals, beside its baselines
  $demo/releases                            the releases, and every run: mlflow ui --backend-store-uri sqlite:///$demo/releases/mlflow.db
  To open the worklist in a browser, and to answer requests for scores: make serve
END
