#!/bin/sh
# Each planted bug of tests/plant still applies. usage: plant.sh
exec python3 -B "$(dirname "$0")/../plant/plant.py" --check
