"""The live tick: a compiled loop on its own thread that never needs the interpreter.

It takes what is due from the rings and runs the tick at its deadline.  Commands go straight into
the mailboxes of bodies in other processes, and the motion into one for actuators in Python; in
both the newest wins.  What entered and what left goes into rings for everybody who wants to know;
where they are too slow it is dropped, counted, without keeping the motors waiting.  A deadline it
misses by more than a tick is skipped and counted, never made up.
"""

from neuroloop.core.command import (
    C_CHANNELS,
    C_CHECK,
    C_OWNER,
    C_POWER,
    C_SENT_NS,
    C_SEQUENCE,
    C_T_US,
    C_VALUES,
    C_VERSION,
    COMMAND_BYTES,
    COMMAND_WORDS,
    VERSION,
)
from neuroloop.core.kernel import kernel
from neuroloop.core.mailbox import put
from neuroloop.core.message import (
    R_BROKEN,
    R_BYTES,
    R_ENGINE_NS,
    R_GUARD,
    R_INTAKE_NS,
    R_LATE_NS,
    R_PROGRAM,
    R_SENT_NS,
    R_SKIPPED,
    R_T_US,
    RECORD_WORDS,
)
from neuroloop.core.native import (
    at,
    copy,
    f32,
    f64,
    i64,
    load_acquire,
    now_ns,
    sleep_until_ns,
    store_release,
    thread_ns,
    u8,
)
from neuroloop.core.ring import push
from neuroloop.core.safety import State
from neuroloop.runtime.intake import gather
from neuroloop.runtime.live.control import (
    BETWEEN,
    BINS,
    C_COPY,
    C_INDEX,
    C_MISSED,
    C_SKIPPED,
    C_STAGE,
    C_START_NS,
    C_STOP,
    C_SWAP,
    COPY_WORDS,
    ENGINE,
    INTAKE,
    J_BYTES,
    J_FROM,
    J_INDEX,
    J_TO,
    L_CPU_NS,
    L_ENGINE_NS,
    L_INDEX,
    L_INTAKE_NS,
    L_LATE_NS,
    L_OUT_NS,
    L_PHASE,
    L_SKIPPED,
    MISSES_KEPT,
    OCTAVES,
    OUT,
    PARTS,
    S_CHEAPER,
    S_NUMBER,
    S_OUTCOME,
    S_PROGRAM,
    S_SCRATCH,
    STAGE_WORDS,
    SWAP_WORDS,
    TAKEN_AWAY,
    W_PIECES,
    W_STAGE,
    WAKE,
)
from neuroloop.runtime.tick import step

D_MAILBOX, D_VALUES, D_CHANNELS, D_OWNER, D_SEQUENCE = range(5)
DIRECT_WORDS = 5
"""a body that the tick commands itself: its mailbox, where its values stand in an outcome, their
number, this run's number, and how many commands there were"""

_OFF = int(State.OFF)
_STALE_NS = 100_000_000
_MISS, _TOO_MANY = 1000, 4000
"""five misses of the network's own making within a thousand ticks are too many"""


@kernel
def run(control, stage, intake, out, direct, log, dt_ns, spin_ns):
    """Tick until stopped, or until a state is no longer a number; then command zero.

    ``stage`` is an address; ``intake`` is (feeds, number of feeds, record), ``out`` (mailbox, bytes
    of motion, ring, capacity, second ring or 0, capacity), ``direct`` (table, rows, room for a
    command), ``log`` (``int64[MISSES_KEPT, MISS_WORDS]``, ``int64[BINS]``).
    """
    feeds, n_feeds, record = intake
    into = i64(at(record), 0, RECORD_WORDS)
    misses, late = log
    now_on = i64(at(stage), 0, STAGE_WORDS)
    start, index = load_acquire(control, C_START_NS), load_acquire(control, C_INDEX)
    # whatever kept this thread from beginning, no deadline was missed before it did
    index = max(index, (now_ns() - start) // dt_ns + 1)
    skipped, overload = 0, 0
    while load_acquire(control, C_STOP) == 0:
        deadline = start + index * dt_ns
        if deadline - spin_ns > now_ns():
            sleep_until_ns(deadline - spin_ns)
        now = now_ns()
        while now < deadline:
            now = now_ns()
        late_ns = now - deadline
        behind = late_ns // dt_ns
        if behind > 0:
            # woken after its time: this tick is the one of now, and the guard hears of the others
            entry = misses[load_acquire(control, C_MISSED) % MISSES_KEPT]
            entry[:] = 0
            entry[L_INDEX], entry[L_SKIPPED], entry[L_LATE_NS] = index, behind, late_ns
            entry[L_PHASE] = WAKE
            store_release(control, C_MISSED, load_acquire(control, C_MISSED) + 1)
            store_release(control, C_SKIPPED, load_acquire(control, C_SKIPPED) + behind)
            index += behind
            skipped += behind
            deadline += behind * dt_ns
        cpu = thread_ns()
        gather(feeds, n_feeds, record, index, index * dt_ns // 1000, dt_ns // 1000)
        into[R_SKIPPED], into[R_PROGRAM] = skipped, now_on[S_NUMBER]
        into[R_LATE_NS] = late_ns
        step(now_on[S_PROGRAM], record, now_on[S_OUTCOME])
        left = i64(at(now_on[S_OUTCOME]), 0, RECORD_WORDS)
        stepped = now_ns()
        left[R_SENT_NS] = stepped - start
        # what was decided so long ago must not move anything: the body may have stopped meanwhile
        stale = stepped - deadline > max(_STALE_NS, 2 * dt_ns)
        for k in range(direct[1]):
            _command(direct[0], k, direct[2], now_on[S_OUTCOME], stepped, stale)
        _publish(record, now_on, out)
        ended = now_ns()
        _count(late, late_ns)
        index += 1
        store_release(control, C_INDEX, index)
        if left[R_BROKEN]:
            break
        if load_acquire(control, C_COPY) != 0:
            _copy(control, index)
        if load_acquire(control, C_SWAP) != 0:
            now_on = _swap(control, load_acquire(control, C_SWAP))
            store_release(control, C_SWAP, 0)
            overload = 0
        end = now_ns()
        skipped = max((end - start) // dt_ns - index, 0)
        overload = max(overload - 1, 0)
        if skipped > 0:
            entry = misses[load_acquire(control, C_MISSED) % MISSES_KEPT]
            entry[L_INDEX], entry[L_SKIPPED], entry[L_LATE_NS] = index, skipped, now - deadline
            entry[L_INTAKE_NS], entry[L_ENGINE_NS] = into[R_INTAKE_NS], left[R_ENGINE_NS]
            entry[L_OUT_NS], entry[L_CPU_NS] = ended - stepped, thread_ns() - cpu
            entry[L_PHASE] = _phase(entry, end - ended, end - now)
            if entry[L_PHASE] == ENGINE:
                overload += _MISS
            store_release(control, C_MISSED, load_acquire(control, C_MISSED) + 1)
            store_release(control, C_SKIPPED, load_acquire(control, C_SKIPPED) + skipped)
            index += skipped
        if overload > _TOO_MANY and now_on[S_CHEAPER] != 0:
            now_on = _swap(control, now_on[S_CHEAPER])
            overload = 0
    for k in range(direct[1]):
        _command(direct[0], k, direct[2], now_on[S_OUTCOME], now_ns(), True)


@kernel
def _publish(record, stage, out):
    """Give everybody who wants to know a copy of the tick."""
    mailbox, motion_bytes, ring, capacity, second, second_capacity = out
    outcome = stage[S_OUTCOME]
    put(mailbox, u8(at(outcome), 0, motion_bytes))
    message = i64(at(stage[S_SCRATCH]), 0, 1)
    entered, left = i64(at(record), 0, 1)[R_BYTES], i64(at(outcome), 0, 1)[R_BYTES]
    message[0] = 8 + entered + left
    copy(at(stage[S_SCRATCH]), 8, at(record), 0, entered)
    copy(at(stage[S_SCRATCH]), 8 + entered, at(outcome), 0, left)
    push(ring, capacity, u8(at(stage[S_SCRATCH]), 0, message[0]), message[0])
    if second != 0:
        push(second, second_capacity, u8(at(stage[S_SCRATCH]), 0, message[0]), message[0])


@kernel
def _command(table, k, room, outcome, sent_ns, zero):
    """Send a body its command."""
    to = i64(at(table), 8 * DIRECT_WORDS * k, DIRECT_WORDS)
    head = i64(at(outcome), 0, RECORD_WORDS)
    words = i64(at(room), 0, COMMAND_WORDS)
    words[:] = 0
    to[D_SEQUENCE] += 1
    words[C_VERSION], words[C_OWNER], words[C_SEQUENCE] = VERSION, to[D_OWNER], to[D_SEQUENCE]
    words[C_SENT_NS], words[C_T_US] = sent_ns, head[R_T_US]
    words[C_POWER], words[C_CHANNELS] = _truth(head[R_GUARD] != _OFF), to[D_CHANNELS]
    values = f64(at(room), 8 * C_VALUES, to[D_CHANNELS])
    motion = f32(at(outcome), to[D_VALUES], to[D_CHANNELS])
    for c in range(to[D_CHANNELS]):
        values[c] = 0.0 if zero else motion[c]
    check = 0
    for w in range(COMMAND_WORDS):
        check ^= words[w]
    words[C_CHECK] = check
    put(to[D_MAILBOX], u8(at(room), 0, COMMAND_BYTES))


@kernel
def _truth(truth):
    """Return 1 or 0."""
    return 1 if truth else 0


@kernel
def _count(late, late_ns):
    """Add a tick to the histogram of lateness."""
    octave, scaled = -1, late_ns // 1000
    rest = scaled
    while rest > 0:
        rest >>= 1
        octave += 1
    if octave < 0:
        late[0] += 1
    elif octave >= OCTAVES:
        late[BINS - 1] += 1
    else:
        part = ((late_ns - (1000 << octave)) * PARTS) // (1000 << octave)
        late[1 + octave * PARTS + part] += 1


@kernel
def _phase(entry, between_ns, whole_ns):
    """Return the phase that took longest, where the core did work and was not taken away."""
    if entry[L_LATE_NS] > whole_ns:
        return WAKE
    if whole_ns - entry[L_CPU_NS] > whole_ns // 2:
        return TAKEN_AWAY
    longest, phase = entry[L_INTAKE_NS], INTAKE
    if entry[L_ENGINE_NS] > longest:
        longest, phase = entry[L_ENGINE_NS], ENGINE
    if entry[L_OUT_NS] > longest:
        longest, phase = entry[L_OUT_NS], OUT
    return BETWEEN if between_ns > longest else phase


@kernel
def _copy(control, index):
    """Copy memory for whoever asked."""
    job = i64(at(load_acquire(control, C_COPY)), 0, COPY_WORDS)
    copy(at(job[J_TO]), 0, at(job[J_FROM]), 0, job[J_BYTES])
    job[J_INDEX] = index
    store_release(control, C_COPY, 0)


@kernel
def _swap(control, request):
    """Carry over what the other network knows by the same names, and let it run."""
    head = i64(at(request), 0, SWAP_WORDS)
    pieces = i64(at(request), 8 * SWAP_WORDS, 3 * head[W_PIECES])
    for k in range(head[W_PIECES]):
        copy(at(pieces[3 * k + 1]), 0, at(pieces[3 * k]), 0, pieces[3 * k + 2])
    stage = i64(at(head[W_STAGE]), 0, STAGE_WORDS)
    store_release(control, C_STAGE, stage[S_NUMBER])
    return stage
