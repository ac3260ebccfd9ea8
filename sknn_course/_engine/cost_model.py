"""What computing costs: every constant by which the engine chooses a way to compute.

    python benchmarks/cost_model.py

measures those of a stack's step (``step_seconds`` to ``stack_bytes``, and the two
``operations`` of one network) on the machine that it runs on, and prints them beside
these. The others were measured one by one, before that script was there.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class CostModel:
    """Measured constants; a choice by them changes the time, never the result.

    Operations are the multiplications and additions of a training step, forward and
    backward; bytes are of memory, seconds are on one core. The values are of two cores
    that compute 16 single-precision numbers at once.

    Attributes
    ----------
    step_seconds : float, seconds
        Of a step of a stack, whatever the number of its networks.
    model_seconds : float, seconds
        Of a step for each of the smallest networks.
    operations_per_second : float, operations / second
        In the products of a stack.
    bytes_per_second : float, bytes / second
        Of the memory that a step touches, see `model_bytes`.
    stack_bytes : int, bytes
        Of a stack's parameters, solver state and activations, to lie in a cache.
    core_operations : float, operations
        Of one network's step: from there its products fill a core.
    threads_operations : float, operations
        Of one network's step: from there torch's threads gain in it.
    threads_operations_full_batch : float, operations
        Likewise where a solver of scipy works in between.
    threads_operations_of_stack : float, operations
        Likewise of a stack's step.
    threads_operations_outside_main : float, operations
        Likewise at least outside the main thread: OpenMP's threads are quick for
        their first user alone.
    worker_seconds : float, seconds
        Of a step's work for each thread with a stack of its own.
    epoch_seconds : float, seconds
        Between the epochs, for each network.
    chunk_bytes, chunk_bytes_on_gpu : int, bytes
        Of the rows of several batches gathered at once, to be used while they lie in
        a cache; on a GPU, to ask for few operations.
    chunk_batches : int
        Of batches gathered at once, for the size of a captured graph.
    uncopied_bytes : int, bytes
        Of rows, from where a copy in the training dtype is not made.
    joined_bytes : int, bytes
        Of different data that are copied together in any case.
    apart_jobs : int
        Up to which rows of different data are gathered in turn.
    transposed_units, transposed_inputs, transposed_rows : int
        A product with so few units over so many numbers in x computes along the
        inputs; with so many rows forward too.
    looped_product : int
        Multiplications below which torch's loop over a stack of products is slow.
    sparse_density : float
        Stored share of all values up to which sparse products are faster with any
        number of units, by 32 to 2,000 rows, 100 to 20,000 features, 10 to 100 units.
    sparse_density_by_units, sparse_density_by_units_uncached : float
        Added to it, over the units, for dense rows in a cache of ``cache_bytes``, and
        for more of them: to make rows dense takes the same for all units.
    cache_bytes : int, bytes
    dense_bytes : int, bytes
        Of rows that may become dense at once.
    sparse_memory_density : float
        From where dense rows take little more memory than sparse ones.
    """

    step_seconds: float = 1e-4
    model_seconds: float = 5e-7
    operations_per_second: float = 5e10
    bytes_per_second: float = 8e9
    stack_bytes: int = 1 << 24
    core_operations: float = 2e7
    threads_operations: float = 1e7
    threads_operations_full_batch: float = 1e9
    threads_operations_of_stack: float = 1e6
    threads_operations_outside_main: float = 3e8
    worker_seconds: float = 1e-3
    epoch_seconds: float = 1e-5
    chunk_bytes: int = 1 << 22
    chunk_bytes_on_gpu: int = 1 << 26
    chunk_batches: int = 128
    uncopied_bytes: int = 1 << 24
    joined_bytes: int = 1 << 24
    apart_jobs: int = 16
    transposed_units: int = 10
    transposed_inputs: int = 1 << 13
    transposed_rows: int = 32
    looped_product: int = 400
    sparse_density: float = 0.045
    sparse_density_by_units: float = 1.0
    sparse_density_by_units_uncached: float = 3.0
    cache_bytes: int = 1 << 23
    dense_bytes: int = 1 << 26
    sparse_memory_density: float = 0.5


COSTS = CostModel()
