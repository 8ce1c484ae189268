"""From lines of text to events, byte by byte."""

import numpy as np

from neuroloop.core.kernel import kernel
from sensors.event_camera._columns import P, T, X, Y
from sensors.event_camera._order import LAST_US, OWN, UNKNOWN, UNKNOWN_AT, kept, offset_of

_SKIPPING = OWN
"""whether the line that is being read is too long to be one"""
_LONGEST = 1024
"""bytes of a line"""
_MOST_DIGITS, _FEW_DIGITS = 18, np.uint64(18)
_NOTHING = -(1 << 62)
_STEP = np.uint64(1)
"""places in the text are unsigned, or each use of one would ask whether it counts from the end"""
_NEWLINE, _PLUS, _MINUS, _POINT, _ZERO, _ONE, _FIVE = b"\n+-.015"
_FARTHEST = 65535

_APART = np.zeros(256, np.bool_)
_APART[list(b", ;\t\r")] = True
_REMARK = np.zeros(256, np.bool_)
_REMARK[list(b"#%")] = True
_POLARITY = np.full(256, -1, np.int64)
_POLARITY[list(b"1tT")] = 1
_POLARITY[list(b"0fF")] = 0


@kernel
def decode(data, order, decimals, size, state, t, x, y, p):
    """Write the events of ``uint8[n]``; returns how many bytes were used, and the events.

    ``order`` says what each column is, ``decimals`` how many of a time are microseconds.
    """
    number = np.zeros(5, np.int64)
    end = np.uint64(data.shape[0])
    while end > 0 and data[end - _STEP] != _NEWLINE:
        end -= _STEP
    n, k = 0, np.uint64(0)
    if state[_SKIPPING] != 0 and end > 0:
        k = _after_newline(data, k)
        state[_SKIPPING] = 0
    before = state[LAST_US]
    while k < end and n < t.shape[0]:
        start = k
        k, found = _line(data, k, order, decimals, number)
        if found > 0:
            stamp = number[T] + offset_of(state, number[T], 0)
            state[LAST_US] = max(stamp, state[LAST_US])
            t[n], p[n] = stamp, number[P]
            x[n], y[n] = min(number[X], _FARTHEST), min(number[Y], _FARTHEST)
            n += 1
        elif found < 0:
            _unknown(state, np.int64(start))
    state[LAST_US] = before
    if end == 0 and data.shape[0] > _LONGEST:
        if state[_SKIPPING] == 0:
            _unknown(state, 0)
        state[_SKIPPING] = 1
        k = np.uint64(data.shape[0])
    return np.int64(k), kept(state, n, size[0], size[1], t, x, y, p)


@kernel
def _unknown(state, place):
    if state[UNKNOWN] == 0:
        state[UNKNOWN_AT] = place
    state[UNKNOWN] += 1


@kernel
def _line(data, k, order, decimals, number):
    """Read a line; returns where the next one starts, and 1 for an event, 0 nothing, -1 neither."""
    k = _next_word(data, k)
    if data[k] == _NEWLINE:
        return k + _STEP, 0
    if _REMARK[data[k]]:
        return _after_newline(data, k), 0
    found = 0
    for column in range(order.shape[0]):
        what = order[column]
        if data[k] == _NEWLINE:
            break
        # nearly all words are a few digits; others are read with more care
        start, value = k, 0
        while _ZERO <= data[k] < _ZERO + 10:
            value = 10 * value + data[k] - _ZERO
            k += _STEP
        plain = start < k <= start + _FEW_DIGITS and (_APART[data[k]] or data[k] == _NEWLINE)
        if not plain or (what == T and decimals > 0) or (what == P and value > 1):
            k, value = _careful(data, start, what, decimals)
        if value == _NOTHING:
            break
        number[what] = value
        found += int(what <= P)
        while _APART[data[k]]:
            k += _STEP
    return _after_newline(data, k), 1 if found == 4 else -1


@kernel
def _next_word(data, k):
    while _APART[data[k]]:
        k += _STEP
    return k


@kernel
def _after_newline(data, k):
    while data[k] != _NEWLINE:
        k += _STEP
    return k + _STEP


@kernel
def _careful(data, k, what, decimals):
    """Return where a word ends, and what it says; `_NOTHING` for what a column cannot hold."""
    good, value = True, 0
    if what < P:
        k, good, value = _number(data, k, decimals if what == T else 0)
        good = good and (what == T or value >= 0)
    elif what == P:
        value = _sign(data, k)
        good = value >= 0
    while not (_APART[data[k]] or data[k] == _NEWLINE):
        k += _STEP
    return k, value if good else _NOTHING


@kernel
def _sign(data, k):
    """Return 1 or 0 for the polarity at ``k``, -1 where there is none."""
    if data[k] == _MINUS:
        return 0 if data[k + _STEP] == _ONE else -1
    return _POLARITY[data[k + _STEP if data[k] == _PLUS else k]]


@kernel
def _number(data, k, decimals):
    """Return where a number ends, whether it is one, and it times ``10**decimals``, rounded."""
    negative = data[k] == _MINUS
    k += np.uint64(negative or data[k] == _PLUS)
    start, value, digits = k, 0, 0
    while _ZERO <= data[k] < _ZERO + 10 and digits <= _MOST_DIGITS:
        value = 10 * value + data[k] - _ZERO
        digits += int(value > 0)
        k += _STEP
    after = 0
    if data[k] == _POINT:
        k += _STEP
        start += _STEP
        while _ZERO <= data[k] < _ZERO + 10:
            if after < decimals:
                value = 10 * value + data[k] - _ZERO
                digits += int(value > 0)
            elif after == decimals and decimals > 0:
                value += int(data[k] >= _FIVE)
            after += 1
            k += _STEP
    for _ in range(after, decimals):
        value *= 10
        digits += int(value > 0)
    good = k > start and digits <= _MOST_DIGITS and (_APART[data[k]] or data[k] == _NEWLINE)
    return k, good, -value if negative else value
