"""Four channels at once: the one vector instruction that the CPU kernels are made of.

Numba makes vectors of loops over pixels, not of the four channels of one; written as scalars, spreading takes three
times as long.
"""

# ruff: noqa: PLR0917 - what a numba kernel works on has to be passed to it, array by array

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

_FOUR = ir.VectorType(ir.FloatType(), 4)
_ALL_FIRST = ir.Constant(ir.VectorType(ir.IntType(32), 4), [0] * 4)


def _blend4(typingctx, into, at, source, start, weight, keep):
    """`into[at : at + 4] = keep * into[at : at + 4] + weight * source[start : start + 4]`, of flat float32 arrays.

    No bounds are checked.
    """

    def generate(context, builder, signature, args):
        def pixel(kind, array, index):
            data = context.make_array(kind)(context, builder, array).data
            return builder.bitcast(builder.gep(data, [index]), _FOUR.as_pointer())

        def times(value, factor):
            single = builder.insert_element(ir.Constant(_FOUR, ir.Undefined), factor, ir.Constant(ir.IntType(32), 0))
            return builder.fmul(value, builder.shuffle_vector(single, single, _ALL_FIRST), flags=("fast",))

        to = pixel(signature.args[0], args[0], args[1])
        old, new = builder.load(to), builder.load(pixel(signature.args[2], args[2], args[3]))
        old.align = new.align = 4  # numpy aligns to single floats only
        builder.store(builder.fadd(times(old, args[5]), times(new, args[4]), flags=("fast",)), to).align = 4
        return context.get_dummy_value()

    return types.void(into, types.intp, source, types.intp, types.float32, types.float32), generate


blend4: Callable[..., None] = intrinsic(_blend4)
