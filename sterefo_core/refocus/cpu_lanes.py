"""Four channels at once: the vector operations that the CPU kernels are made of.

Numba makes vectors of loops over pixels, not of the four channels of one; written as scalars, spreading takes three
times as long.
"""

# ruff: noqa: PLR0917 - what a numba kernel works on has to be passed to it, array by array

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_FOUR, _EIGHT = (ir.VectorType(ir.FloatType(), lanes) for lanes in (4, 8))
_FOUR_INT = ir.VectorType(ir.IntType(32), 4)


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


def _add_pair(typingctx, into, at, source, start, first, second):
    """`into[at : at + 8] += first * source[start : start + 8] + second * source[start - 4 : start + 4]`.

    Flat float32 arrays; no bounds are checked.
    """

    def generate(context, builder, signature, args):
        def part(begin, weight):
            new = _load(builder, _at(context, builder, signature.args[2], args[2], begin, _EIGHT))
            single = builder.insert_element(ir.Constant(_EIGHT, ir.Undefined), weight, ir.Constant(ir.IntType(32), 0))
            return builder.fmul(new, builder.shuffle_vector(single, single, _lanes(*[0] * 8)), flags=("fast",))

        to = _at(context, builder, signature.args[0], args[0], args[1], _EIGHT)
        before = builder.sub(args[3], ir.Constant(args[3].type, 4))
        both = builder.fadd(part(args[3], args[4]), part(before, args[5]), flags=("fast",))
        builder.store(builder.fadd(_load(builder, to), both, flags=("fast",)), to).align = 4
        return context.get_dummy_value()

    return types.void(into, types.intp, source, types.intp, types.float32, types.float32), generate


def _roots4(typingctx, into, at, source, start, least, steps):
    """`into[at : at + 4] = steps * sqrt(source[start : start + 4] / source[start + 3])`, rounded, of 0 to 1.

    `source`, flat float32, is divided by at least `least`; `into` is flat uint32. No bounds are checked.
    """

    def generate(context, builder, signature, args):
        def all_of(scalar):
            single = _together(builder, scalar)
            return builder.shuffle_vector(single, single, _lanes(0, 0, 0, 0))

        def bounded(value, bound, relation):
            return builder.select(builder.fcmp_unordered(relation, value, bound), bound, value)

        light = _load(builder, _at(context, builder, signature.args[2], args[2], args[3], _FOUR))
        coverage = builder.shuffle_vector(light, light, _lanes(3, 3, 3, 3))
        light = builder.fdiv(light, bounded(coverage, all_of(args[4]), "<"))
        light = bounded(bounded(light, ir.Constant(_FOUR, [0.0] * 4), "<"), ir.Constant(_FOUR, [1.0] * 4), ">")
        square_root = cgutils.get_or_insert_function(builder.module, ir.FunctionType(_FOUR, [_FOUR]), "llvm.sqrt.v4f32")
        root = builder.call(square_root, [light])
        root = builder.fadd(builder.fmul(root, all_of(args[5])), ir.Constant(_FOUR, [0.5] * 4))
        to = _at(context, builder, signature.args[0], args[0], args[1], _FOUR_INT)
        builder.store(builder.fptosi(root, _FOUR_INT), to).align = 4
        return context.get_dummy_value()

    return types.void(into, types.intp, source, types.intp, types.float32, types.float32), generate


blend4: Callable[..., None] = intrinsic(_blend4)
add_twice: Callable[..., None] = intrinsic(_add_twice)
add_pair: Callable[..., None] = intrinsic(_add_pair)
roots4: Callable[..., None] = intrinsic(_roots4)
