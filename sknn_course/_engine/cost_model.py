"""What computing costs: every constant by which this package chooses a way to compute.

    python benchmarks/cost_model.py

measures the constants of `MeasuredCosts` on the machine that it runs on and prints
them beside these; the values here change only by hand. Those of `Bounds` are chosen.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class MeasuredCosts:
    """Times, and sizes from where another way is faster, on two cores.

    Operations are the multiplications and additions of a training step, forward and
    backward; seconds are on one core. The cores compute 16 single-precision numbers at
    once.

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
    epoch_seconds : float, seconds
        Between the epochs, for each network.
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
    threads_products : float
        Multiplications in a prediction from where threads gain.
    thread_seconds : float, seconds
        Of a step's work for each thread with a stack of its own.
    process_start_seconds : float, seconds
        Until a new worker process trains.
    process_send_seconds : float, seconds
        Until one that is there trains.
    process_worth : float
        Share of the seconds on one core that a training here, on all cores, takes.
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
    """

    step_seconds: float = 1e-4
    model_seconds: float = 5e-7
    operations_per_second: float = 5e10
    bytes_per_second: float = 8e9
    stack_bytes: int = 1 << 24
    epoch_seconds: float = 1e-5
    core_operations: float = 2e7
    threads_operations: float = 1e7
    threads_operations_full_batch: float = 1e9
    threads_operations_of_stack: float = 1e6
    threads_operations_outside_main: float = 3e8
    threads_products: float = 1e8
    thread_seconds: float = 1e-3
    process_start_seconds: float = 3.0
    process_send_seconds: float = 0.2
    process_worth: float = 0.8
    transposed_units: int = 10
    transposed_inputs: int = 1 << 13
    transposed_rows: int = 32
    looped_product: int = 400
    sparse_density: float = 0.045
    sparse_density_by_units: float = 1.0
    sparse_density_by_units_uncached: float = 3.0


@dataclass(frozen=True)
class Bounds:
    """Bounds of memory, by the sizes of caches, and of what is not worth a question.

    Attributes
    ----------
    cache_bytes : int, bytes
        Of rows that are taken to lie in a cache.
    chunk_bytes, chunk_bytes_on_gpu : int, bytes
        Of the rows of several batches gathered at once, to be used while they lie in
        a cache; on a GPU, to ask for few operations.
    chunk_batches : int
        Of batches gathered at once, for the size of a captured graph.
    pass_bytes, pass_bytes_on_gpu : int, bytes
        Of the widest layer in one pass of a prediction, likewise.
    untouched_products : float
        Multiplications in a prediction that no library shares among threads.
    uncopied_bytes : int, bytes
        Of rows, from where a copy in the training dtype is not made.
    joined_bytes : int, bytes
        Of different data that are copied together in any case.
    apart_jobs : int
        Up to which rows of different data are gathered in turn.
    merged_values : int
        In rows of a full batch, whose sorting costs next to nothing.
    dense_bytes : int, bytes
        Of rows that may become dense at once.
    sparse_memory_density : float
        From where dense rows take little more memory than sparse ones.
    random_keys, sparse_keys : int
        Of values, and of stored ones, whose random numbers are drawn at once.
    kernel_values : int
        Of a kernel's matrix, in a prediction.
    preprocessed_values : int
        Of the training set that are in float64 at a time.
    """

    cache_bytes: int = 1 << 23
    chunk_bytes: int = 1 << 22
    chunk_bytes_on_gpu: int = 1 << 26
    chunk_batches: int = 128
    pass_bytes: int = 1 << 22
    pass_bytes_on_gpu: int = 1 << 26
    untouched_products: float = 1e5
    uncopied_bytes: int = 1 << 24
    joined_bytes: int = 1 << 24
    apart_jobs: int = 16
    merged_values: int = 1 << 18
    dense_bytes: int = 1 << 26
    sparse_memory_density: float = 0.5
    random_keys: int = 1 << 22
    sparse_keys: int = 1 << 20
    kernel_values: int = 1 << 24
    preprocessed_values: int = 1 << 23


@dataclass(frozen=True)
class CostModel(MeasuredCosts, Bounds):
    """All of them; a choice by them changes the time, never the result."""


COSTS = CostModel()
