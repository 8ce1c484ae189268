"""How the synapses of one projection lie in memory: one file a layout.

A layout defines ``refuses(bundle)`` (empty, or why it cannot hold them), ``cost_ns(bundle, speed,
spikes)`` (what a tick in which so many sources fire is expected to cost), ``n_bytes(bundle)`` and
``build(bundle)``.  All put the same sums into the target's input; `neuroloop.engine.choose` takes
the one that is expected to be fastest.
"""
