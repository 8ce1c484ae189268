"""Which events of a camera are worth passing on: the filters of ``event_filter``, one by one.

Each asks about one event, in order of time, and keeps what it has to know of each pixel.
"""

import numpy as np

from neuroloop.core.kernel import inline, kernel

(
    WIDTH,
    HEIGHT,
    LEFT,
    TOP,
    COLUMNS,
    ROWS,
    POLARITY,
    HOT_WINDOW_US,
    HOT_EVENTS,
    REFRACTORY_US,
    BACKGROUND_US,
    SUPPORT,
    DIVIDE,
) = range(13)
"""of the settings, ``int64[13]``: the camera, the region, and a number or two for each filter, 0
where it is not wanted"""

BOTH, ON_ONLY, OFF_ONLY, MERGED = range(4)
"""of the polarity"""

HOT, TIRED, ALONE = range(3)
"""of the counts, ``int64[3]``: events that a filter dropped"""

LONG_AGO_US = -(1 << 60)


@inline
def in_region(x, y, settings):
    """Whether a pixel is in the region."""
    left, top = settings[LEFT], settings[TOP]
    return left <= x < left + settings[COLUMNS] and top <= y < top + settings[ROWS]


@inline
def wanted(on, polarity):
    """Whether events of this polarity are."""
    return (on and polarity != OFF_ONLY) or (not on and polarity != ON_ONLY)


@inline
def is_hot(pixel, t, settings, window, count, hot):
    """Whether a pixel fires too often: since its window began, or all through the one before it."""
    own = t // settings[HOT_WINDOW_US]
    if window[pixel] != own:
        hot[pixel] = window[pixel] == own - 1 and count[pixel] > settings[HOT_EVENTS]
        window[pixel], count[pixel] = own, 0
    count[pixel] += 1
    return hot[pixel] != 0 or count[pixel] > settings[HOT_EVENTS]


@inline
def is_tired(unit, t, refractory_us, last):
    """Whether the unit's last event that was passed on is too near."""
    tired = t - last[unit] < refractory_us
    if not tired:
        last[unit] = t
    return tired


@inline
def is_alone(x, y, t, settings, latest):
    """Whether too few of the eight neighbours had an event a short while ago.

    ``latest`` is ``int64[height + 2, width + 2]``: a frame of pixels that never have one around it.
    """
    before = t - settings[BACKGROUND_US]
    near = np.int64(0)
    for dy in range(3):
        for dx in range(3):
            near += np.int64(latest[y + dy, x + dx] >= before)
    near -= np.int64(latest[y + 1, x + 1] >= before)
    latest[y + 1, x + 1] = t
    return near < settings[SUPPORT]


@kernel
def passed(t, unit, settings, listed, pixels, counts, to):
    """Pass events through all filters.

    Parameters
    ----------
    t, unit
        ``int64[n]`` in microseconds, ``uint32[n]``.
    listed
        ``uint8[height * width]``, 1 for pixels that are never passed on; or empty.
    pixels
        What the filters know: ``window int64``, ``count int32`` and ``hot uint8`` of each pixel,
        ``last int64`` of each unit and ``latest``, as above; empty where they are not used.
    counts
        ``int64[3]``.
    to
        ``t int64[n]``, ``unit uint32[n]`` and ``source int64[n]``, the place of each in ``t``.

    Returns
    -------
        How many were passed on.
    """
    window, count, hot, last, latest = pixels
    to_t, to_unit, source = to
    width, polarity, divide = settings[WIDTH], settings[POLARITY], settings[DIVIDE]
    size = width * settings[HEIGHT]
    columns = (settings[COLUMNS] + divide - 1) // divide
    rows = (settings[ROWS] + divide - 1) // divide
    n = 0
    for k in range(t.shape[0]):
        on = unit[k] < size
        pixel = np.int64(unit[k]) if on else np.int64(unit[k]) - size
        y = pixel // width
        x = pixel - y * width
        if not (wanted(on, polarity) and in_region(x, y, settings)):
            continue
        if listed.shape[0] > 0 and listed[pixel] != 0:
            counts[HOT] += 1
            continue
        if settings[HOT_WINDOW_US] > 0 and is_hot(pixel, t[k], settings, window, count, hot):
            counts[HOT] += 1
            continue
        if settings[REFRACTORY_US] > 0 and is_tired(unit[k], t[k], settings[REFRACTORY_US], last):
            counts[TIRED] += 1
            continue
        if settings[BACKGROUND_US] > 0 and is_alone(x, y, t[k], settings, latest):
            counts[ALONE] += 1
            continue
        place = (y - settings[TOP]) // divide * columns + (x - settings[LEFT]) // divide
        both = polarity == BOTH and not on
        to_t[n], source[n] = t[k], k
        to_unit[n] = place + (columns * rows if both else 0)
        n += 1
    return n


@kernel
def in_order(t, unit):
    """Whether events that are sorted by time are so by unit as well, where times are equal."""
    wrong = np.int64(0)
    for k in range(1, t.shape[0]):
        wrong += np.int64(t[k] == t[k - 1] and unit[k] < unit[k - 1])
    return wrong == 0
