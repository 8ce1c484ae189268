"""Made `series.csv`: `python configs/data/series.py > configs/data/series.csv`.

The bearing of a pump as a plant records it, every five minutes for ten days: temperature in degrees
and vibration in mm/s follow the load of the day.  On the eighth day the bearing begins to fail.  As
in real logs, some numbers and some rows are missing, and at the end of summer time an hour is there
twice.
"""

import datetime
import math
import random
import sys

rng = random.Random(7)
start = datetime.datetime(2024, 10, 20)
temperature = 62.0
sys.stdout.write("timestamp,temperature,vibration\n")
for k in range(10 * 288):
    moment = start + datetime.timedelta(minutes=5 * k)
    if moment >= datetime.datetime(2024, 10, 27, 3):
        moment -= datetime.timedelta(hours=1)
    hour = k % 288 / 12
    load = 0.5 + 0.4 * math.exp(-(((hour - 13) / 4) ** 2)) + rng.gauss(0, 0.03)
    failing = max(0.0, (k - 7.6 * 288) / (2.4 * 288))
    temperature += 0.05 * (40 + 44 * load + 36 * failing - temperature) + rng.gauss(0, 0.12)
    vibration = 1.1 + 1.4 * load + 9.0 * failing**2 + abs(rng.gauss(0, 0.12 + 0.6 * failing))
    if rng.random() < 0.004:
        continue
    heat = "" if rng.random() < 0.006 else f"{temperature:.2f}"
    sys.stdout.write(f"{moment:%Y-%m-%d %H:%M:%S},{heat},{vibration:.2f}\n")
