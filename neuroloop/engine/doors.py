"""What comes into the arena before a tick and what is copied out after it."""

import numpy as np

from neuroloop.core.kernel import kernel
from neuroloop.core.message import (
    EDIT,
    EVENT_BYTES,
    EVENT_UNIT,
    EVENT_VALUE,
    KIND,
    LOST,
    MESSAGE_BYTES,
    MESSAGE_WORDS,
    N_BYTES,
    PORT,
    R_BYTES,
    RECORD_BYTES,
    SIZE,
    SPIKES,
    T_US,
)
from neuroloop.core.native import at, call, copy, i32, i64, u8, u32
from neuroloop.engine.program import (
    D_CAPACITY,
    D_DATA,
    D_KIND,
    D_META,
    D_PAYLOAD,
    D_UNITS,
    DOOR_WORDS,
    P_ARENA,
    P_BYTES,
    P_N_OUTLETS,
    P_N_PORTS,
    P_N_SETTLERS,
    P_OUTLETS,
    P_PORTS,
    P_SETTLERS,
)
from neuroloop.engine.row import (
    ENTRY,
    H_BROKEN,
    H_EDITS,
    H_STATUS,
    H_STEP,
    HEADER_BYTES,
    M_BYTES,
    M_LOST,
    M_SERIAL,
    M_T_US,
    META_WORDS,
    WIDTH,
    header,
)


@kernel
def apply(block, record):
    """Put the messages of a record where the rows of the table find them.

    What does not fit the program (a message of another network's recording) is not put anywhere
    and counted in the status word.
    """
    arena = at(block[P_ARENA])
    head = header(arena)
    head[H_STATUS] = 0
    for p in range(block[P_N_PORTS]):
        door = i64(at(block[P_PORTS]), 8 * DOOR_WORDS * p, DOOR_WORDS)
        if door[D_KIND] == SPIKES:
            i32(arena, door[D_DATA], 1)[0] = 0
    settled = False
    k, end = RECORD_BYTES, i64(at(record), 0, 1)[R_BYTES]
    while k < end:
        message = i64(at(record), k, MESSAGE_WORDS)
        payload, n_bytes = k + MESSAGE_BYTES, message[N_BYTES]
        k += max(message[SIZE], MESSAGE_BYTES)
        if message[KIND] == EDIT:
            settled = settled or _disturb(block)
            head[H_STATUS] += _edit(block, record, payload, n_bytes)
            continue
        if message[PORT] < 0 or message[PORT] >= block[P_N_PORTS]:
            head[H_STATUS] += 1
            continue
        door = i64(at(block[P_PORTS]), 8 * DOOR_WORDS * message[PORT], DOOR_WORDS)
        head[H_STATUS] += _enter(arena, door, record, payload, message)
    # only now: what an edit needs settled is the last tick
    head[H_STEP] += 1


@kernel
def _enter(arena, door, record, payload, message):
    """Put a message where its door leads; returns what found no room, or is not for this door."""
    if message[KIND] == LOST:
        if door[D_KIND] != SPIKES:
            meta = i64(arena, door[D_META], META_WORDS)
            meta[M_LOST] += i64(at(record), payload, 1)[0]
        return 0
    if message[KIND] != door[D_KIND]:
        return 1
    if message[KIND] == SPIKES:
        return _spike(arena, door, record, payload, message[N_BYTES])
    return _fill(arena, door, record, payload, message)


@kernel
def settle(block):
    """Bring the neurons that were not visited up to the end of the last tick."""
    for k in range(block[P_N_SETTLERS]):
        row = block[P_SETTLERS] + 8 * WIDTH * k
        call(i64(at(row), 0, WIDTH)[ENTRY], block[P_ARENA], row)
    return True


@kernel
def _disturb(block):
    """Let an edit find every neuron up to date, and every neuron be visited after it."""
    header(at(block[P_ARENA]))[H_EDITS] += 1
    return settle(block)


@kernel
def _edit(block, record, payload, n_bytes):
    """Put bytes where they belong in the arena; returns 1 where that is outside of it."""
    offset, size = i64(at(record), payload, 1)[0], n_bytes - 8
    if offset < HEADER_BYTES or size < 0 or offset + size > block[P_BYTES]:
        return 1
    copy(at(block[P_ARENA]), offset, at(record), payload + 8, size)
    return 0


@kernel
def _fill(arena, door, record, payload, message):
    """Put a reading into its slot; returns 1 where it is larger than the slot."""
    n_bytes = message[N_BYTES]
    if n_bytes > door[D_CAPACITY]:
        return 1
    copy(arena, door[D_DATA], at(record), payload, n_bytes)
    meta = i64(arena, door[D_META], META_WORDS)
    meta[M_T_US], meta[M_BYTES] = message[T_US], n_bytes
    meta[M_SERIAL] += 1
    return 0


@kernel
def _spike(arena, door, record, payload, n_bytes):
    """Append events to an input's list, as often as their value says; returns what was lost."""
    capacity = door[D_CAPACITY]
    spikes = i32(arena, door[D_DATA], capacity + 1)
    lost = 0
    for e in range(payload, payload + n_bytes, EVENT_BYTES):
        unit = u32(at(record), e + EVENT_UNIT, 1)[0]
        times = i32(at(record), e + EVENT_VALUE, 1)[0]
        fitting = min(times, capacity - spikes[0]) if unit < door[D_UNITS] else 0
        for _ in range(fitting):
            spikes[0] += 1
            spikes[spikes[0]] = unit
        lost += max(times - fitting, 0)
    return lost


@kernel
def emit(block, t_us, outcome):
    """Copy motion and watched spikes into ``outcome``; returns its bytes."""
    arena = at(block[P_ARENA])
    end = RECORD_BYTES
    for p in range(block[P_N_OUTLETS]):
        door = i64(at(block[P_OUTLETS]), 8 * DOOR_WORDS * p, DOOR_WORDS)
        message = i64(at(outcome), end, MESSAGE_WORDS)
        start = end + MESSAGE_BYTES
        message[KIND], message[PORT], message[T_US] = door[D_KIND], p, t_us
        if door[D_KIND] == SPIKES:
            spikes = i32(arena, door[D_DATA], door[D_CAPACITY] + 1)
            message[N_BYTES] = EVENT_BYTES * spikes[0]
            events = i64(at(outcome), start, 2 * spikes[0])
            for s in range(spikes[0]):
                events[2 * s] = t_us
                events[2 * s + 1] = spikes[s + 1] | (1 << 32)  # the unit, then the value 1
            if door[D_PAYLOAD]:
                _carry(i32(arena, door[D_PAYLOAD], door[D_UNITS]), spikes, events)
        else:
            meta = i64(arena, door[D_META], META_WORDS)
            message[T_US], message[N_BYTES] = meta[M_T_US], meta[M_BYTES]
            copy(at(outcome), start, arena, door[D_DATA], meta[M_BYTES])
            if header(arena)[H_BROKEN]:  # nothing moves on what is no number
                u8(at(outcome), start, meta[M_BYTES])[:] = 0
        message[SIZE] = MESSAGE_BYTES + (message[N_BYTES] + 7) // 8 * 8
        end += message[SIZE]
    return end


@kernel
def _carry(payload, spikes, events):
    """Write what graded spikes carry into the values of their events."""
    for s in range(spikes[0]):
        unit = np.int64(spikes[s + 1])
        events[2 * s + 1] = unit | (np.int64(payload[unit]) << 32)


@kernel
def entered(block):
    """Count the spikes on all inputs, from encoders and from messages."""
    total = 0
    for p in range(block[P_N_PORTS]):
        door = i64(at(block[P_PORTS]), 8 * DOOR_WORDS * p, DOOR_WORDS)
        if door[D_KIND] == SPIKES:
            total += i32(at(block[P_ARENA]), door[D_DATA], 1)[0]
    return total
