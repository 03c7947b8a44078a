"""Four channels at once: the two vector operations that the CPU kernels are made of.

Numba makes vectors of loops over pixels, not of the four channels of one; written as scalars, spreading takes three
times as long.
"""

# ruff: noqa: PLR0917 - what a numba kernel works on has to be passed to it, array by array

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

_FOUR, _EIGHT = (ir.VectorType(ir.FloatType(), lanes) for lanes in (4, 8))


def _lanes(*which: int) -> ir.Constant:
    return ir.Constant(ir.VectorType(ir.IntType(32), len(which)), list(which))


def _at(context, builder, kind, array, index, vector):
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), vector.as_pointer())


def _load(builder, pointer):
    value = builder.load(pointer)
    value.align = 4  # numpy aligns to single floats only
    return value


def _together(builder, *scalars):
    vector = ir.Constant(_FOUR, ir.Undefined)
    for lane, scalar in enumerate(scalars):
        vector = builder.insert_element(vector, scalar, ir.Constant(ir.IntType(32), lane))
    return vector


def _blend4(typingctx, into, at, source, start, weight, keep):
    """`into[at : at + 4] = keep * into[at : at + 4] + weight * source[start : start + 4]`, of flat float32 arrays.

    No bounds are checked.
    """

    def generate(context, builder, signature, args):
        def times(value, factor):
            single = _together(builder, factor)
            return builder.fmul(value, builder.shuffle_vector(single, single, _lanes(0, 0, 0, 0)), flags=("fast",))

        to = _at(context, builder, signature.args[0], args[0], args[1], _FOUR)
        new = _load(builder, _at(context, builder, signature.args[2], args[2], args[3], _FOUR))
        total = builder.fadd(times(_load(builder, to), args[5]), times(new, args[4]), flags=("fast",))
        builder.store(total, to).align = 4
        return context.get_dummy_value()

    return types.void(into, types.intp, source, types.intp, types.float32, types.float32), generate


def _add_twice(typingctx, into, at, source, start, first, second):
    """`into[at : at + 4] += first * source[start : start + 4]`, and `into[at + 4 : at + 8]` by `second` times it.

    Flat float32 arrays; no bounds are checked.
    """

    def generate(context, builder, signature, args):
        to = _at(context, builder, signature.args[0], args[0], args[1], _EIGHT)
        new = _load(builder, _at(context, builder, signature.args[2], args[2], args[3], _FOUR))
        both, weights = builder.shuffle_vector(new, new, _lanes(0, 1, 2, 3, 0, 1, 2, 3)), _together(builder, *args[4:])
        weights = builder.shuffle_vector(weights, weights, _lanes(0, 0, 0, 0, 1, 1, 1, 1))
        total = builder.fadd(_load(builder, to), builder.fmul(both, weights, flags=("fast",)), flags=("fast",))
        builder.store(total, to).align = 4
        return context.get_dummy_value()

    return types.void(into, types.intp, source, types.intp, types.float32, types.float32), generate


blend4: Callable[..., None] = intrinsic(_blend4)
add_twice: Callable[..., None] = intrinsic(_add_twice)
