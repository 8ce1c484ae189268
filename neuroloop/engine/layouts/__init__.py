"""How the synapses of one projection lie in memory: one file a layout.

A layout defines ``refuses(bundle)`` (empty, or why it cannot hold them), ``cost_ns(bundle, speed,
spikes)`` (what a tick in which so many sources fire is expected to cost), ``n_bytes(bundle)`` and
``build(bundle)``.  All put the same sums into the target's input; `neuroloop.engine.choose` takes
the one that is expected to be fastest.  What layouts share stands in files that start with "_".

=============  ============================================  ====================================
layout         holds                                         is right
=============  ============================================  ====================================
``csr``        a weight each, one delay                      for most
``constant``   one weight, one delay                         where few pairs are connected
``bits``       one weight, one delay, each pair once         where more than a few percent are
``dense``      a weight each, one delay                      where a third of the pairs is or more
``ring``       a weight and a delay each                     while the target's ring is in cache
``buckets``    a weight and a delay each                     beyond that
=============  ============================================  ====================================
"""
