"""Count the sensors that have been silent for too long, for the guard to see.

A sensor that says nothing leaves its last reading where it was, and everything after it goes on as
if the world stood still.  A row for each sensor adds one to the guard's ``blind`` where the last
reading is older than the sensor's limit, or where there has been none yet.
"""

from neuroloop.core.kernel import entry
from neuroloop.core.native import i64
from neuroloop.engine.row import COUNT, H_T_US, IN_META, M_SERIAL, M_T_US, META_WORDS, OUT, header

LIMIT_US = COUNT + 1


@entry
def watch(arena, row):
    last = i64(arena, row[IN_META], META_WORDS)
    silent = header(arena)[H_T_US] - last[M_T_US] > row[LIMIT_US]
    if silent or last[M_SERIAL] == 0:
        i64(arena, row[OUT], 1)[0] += 1
