"""What compiled code needs below Python: views of raw memory, ordered access, calls, the clock.

Plain loads are hoisted out of loops and two plain stores have no order on aarch64, so every word
that two threads or processes share goes through `load_acquire` and `store_release`, from Python
too (through a compiled function).
"""

import time
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array

_I32 = ir.IntType(32)
_I64 = ir.IntType(64)
_BYTES = ir.IntType(8).as_pointer()
_MONOTONIC = getattr(time, "CLOCK_MONOTONIC", 1)
_THREAD = getattr(time, "CLOCK_THREAD_CPUTIME_ID", 3)
_TIMER_ABSTIME = 1

ADDRESS = types.CPointer(types.uint8)


def _view(dtype: Any) -> Any:
    """Make ``view(base, offset, n)``: n elements of ``dtype`` at ``offset`` bytes from ``base``."""
    array = types.Array(dtype, 1, "C")

    @intrinsic
    def view(_typing, base, offset, n):
        def codegen(context, builder, _signature, args):
            result = make_array(array)(context, builder)
            element = context.get_data_type(dtype)
            size = context.get_constant(types.intp, context.get_abi_sizeof(element))
            data = builder.bitcast(builder.gep(args[0], [args[1]]), element.as_pointer())
            populate_array(
                result, data=data, shape=[args[2]], strides=[size], itemsize=size, meminfo=None
            )
            return result._getvalue()

        return array(ADDRESS, types.int64, types.int64), codegen

    return view


u8 = _view(types.uint8)
u16 = _view(types.uint16)
i32 = _view(types.int32)
u32 = _view(types.uint32)
i64 = _view(types.int64)
u64 = _view(types.uint64)
f32 = _view(types.float32)
f64 = _view(types.float64)


@intrinsic
def at(_typing, address):
    """Turn an int64 address into the base that the views take."""

    def codegen(_context, builder, _signature, args):
        return builder.inttoptr(args[0], _BYTES)

    return ADDRESS(types.int64), codegen


@intrinsic
def start_of(_typing, array):
    """Return the base that the views take of an array's first byte."""

    def codegen(context, builder, signature, args):
        data = make_array(signature.args[0])(context, builder, args[0]).data
        return builder.bitcast(data, _BYTES)

    return ADDRESS(array), codegen


@intrinsic
def copy(_typing, to, to_offset, source, offset, n_bytes):
    """Copy bytes between places that do not overlap; thirty times faster than between views."""

    def codegen(context, builder, _signature, args):
        into, out_of = builder.gep(args[0], [args[1]]), builder.gep(args[2], [args[3]])
        cgutils.raw_memcpy(builder, into, out_of, args[4], 1)
        return context.get_dummy_value()

    i64_ = types.int64
    return types.void(ADDRESS, i64_, ADDRESS, i64_, i64_), codegen


@intrinsic
def call(_typing, entry, arena, row):
    """Call the compiled entry at an address with the addresses of the arena and of its row."""

    def codegen(context, builder, _signature, args):
        function = ir.FunctionType(ir.VoidType(), [_BYTES, _I64.as_pointer()])
        builder.call(
            builder.inttoptr(args[0], function.as_pointer()),
            [builder.inttoptr(args[1], _BYTES), builder.inttoptr(args[2], _I64.as_pointer())],
        )
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), codegen


@intrinsic
def call_on(_typing, entry, arena, row):
    """Call the compiled entry at an address with the arena and row that the caller was given."""

    def codegen(context, builder, _signature, args):
        function = ir.FunctionType(ir.VoidType(), [_BYTES, _I64.as_pointer()])
        builder.call(builder.inttoptr(args[0], function.as_pointer()), [args[1], args[2]])
        return context.get_dummy_value()

    return types.void(types.int64, ADDRESS, types.CPointer(types.int64)), codegen


@intrinsic
def nonzero64(_typing, bytes_, i):
    """Return which of ``bytes_[i : i + 64]`` (uint8) are not 0, one bit each, the first lowest."""

    def codegen(context, builder, signature, args):
        lanes = ir.VectorType(ir.IntType(8), 64)
        first = _word(context, builder, signature, args)
        block = builder.load(builder.bitcast(first, lanes.as_pointer()), align=1)
        return builder.bitcast(builder.icmp_unsigned("!=", block, lanes(None)), _I64)

    return types.uint64(bytes_, types.intp), codegen


@intrinsic
def lowest(_typing, word):
    """Return the place of the lowest bit that is set in ``word`` (uint64, not 0)."""

    def codegen(_context, builder, _signature, args):
        return builder.cttz(args[0], ir.IntType(1)(1))

    return types.int64(types.uint64), codegen


def _word(context, builder, signature, args):
    return builder.gep(make_array(signature.args[0])(context, builder, args[0]).data, [args[1]])


@intrinsic
def load_acquire(_typing, words, i):
    """Read ``words[i]`` (int64); nothing after it is seen before it."""

    def codegen(context, builder, signature, args):
        return builder.load_atomic(_word(context, builder, signature, args), "acquire", 8)

    return types.int64(words, types.intp), codegen


@intrinsic
def store_release(_typing, words, i, value):
    """Write ``words[i]`` (int64); everything before it is seen before it."""

    def codegen(context, builder, signature, args):
        builder.store_atomic(args[2], _word(context, builder, signature, args), "release", 8)
        return context.get_dummy_value()

    return types.void(words, types.intp, types.int64), codegen


@intrinsic
def fence(_typing):
    """Keep every load and store before it before every load and store after it."""

    def codegen(context, builder, _signature, _args):
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), codegen


def _libc(builder, name, *kinds):
    return cgutils.get_or_insert_function(builder.module, ir.FunctionType(_I32, list(kinds)), name)


def _clock(number):
    def codegen(_context, builder, _signature, _args):
        pair = cgutils.alloca_once(builder, ir.ArrayType(_I64, 2))
        builder.call(
            _libc(builder, "clock_gettime", _I32, _BYTES),
            [_I32(number), builder.bitcast(pair, _BYTES)],
        )
        value = builder.load(pair)
        seconds = builder.mul(builder.extract_value(value, 0), _I64(1_000_000_000))
        return builder.add(seconds, builder.extract_value(value, 1))

    return types.int64(), codegen


@intrinsic
def now_ns(_typing):
    """Read the monotonic clock in nanoseconds."""
    return _clock(_MONOTONIC)


@intrinsic
def thread_ns(_typing):
    """Read how long this thread has run on a core, in nanoseconds."""
    return _clock(_THREAD)


@intrinsic
def sleep_until_ns(_typing, deadline):
    """Sleep until the monotonic clock shows ``deadline`` (Linux only), or a signal."""

    def codegen(context, builder, _signature, args):
        pair = cgutils.alloca_once(builder, ir.ArrayType(_I64, 2))
        value = ir.Constant(pair.type.pointee, ir.Undefined)
        billion = _I64(1_000_000_000)
        value = builder.insert_value(value, builder.sdiv(args[0], billion), 0)
        value = builder.insert_value(value, builder.srem(args[0], billion), 1)
        builder.store(value, pair)
        builder.call(
            _libc(builder, "clock_nanosleep", _I32, _I32, _BYTES, _BYTES),
            [
                _I32(_MONOTONIC),
                _I32(_TIMER_ABSTIME),
                builder.bitcast(pair, _BYTES),
                ir.Constant(_BYTES, None),
            ],
        )
        return context.get_dummy_value()

    return types.void(types.int64), codegen


def address_of(array: np.ndarray[Any, Any]) -> int:
    """Return the address of an array's first byte; it keeps nothing alive."""
    return int(array.ctypes.data)


def aligned(n_bytes: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return ``uint8[n_bytes]`` of zeros that starts on a 64-byte line."""
    block = np.zeros(n_bytes + 64, np.uint8)
    start = -address_of(block) % 64
    return block[start : start + n_bytes]
