"""Which layout a projection gets."""

from dataclasses import replace

from neuroloop.core.ports import Bundle, Kernel
from neuroloop.engine.layouts import csr, dense, ring


def build(bundle: Bundle) -> Kernel:
    """Lay a projection out in the layout that is expected to be fastest."""
    if bundle.one_delay is None:
        return replace(ring.build(bundle), note="ring")
    pairs = bundle.n_pre * bundle.n_post
    if not dense.refuses(bundle) and 2 * len(bundle.connections) > pairs:
        return replace(dense.build(bundle), note="dense")
    return replace(csr.build(bundle), note="csr")
