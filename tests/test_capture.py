"""Recorded steps: on a CPU, by a recorder that keeps to the rules of CUDA graphs."""

import copy
from dataclasses import replace

import pytest
import torch
from numpy.testing import assert_allclose
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from training_jobs import CNN, MLP, SETTINGS, job, rows

from sknn_course._engine import epoch, evaluation, optimizers, stack
from sknn_course._engine.capture import Replay, why_not_captured
from sknn_course._engine.epoch import EpochRunner
from sknn_course._engine.ops.parameters import ParameterLayout
from sknn_course._engine.permutations import RowPermutations
from sknn_course._engine.stack import Stack
from sknn_course._engine.trainer import train_stack
from sknn_course.architectures import convolutional_network, multilayer_perceptron
from sknn_course.augmentation import augmentation_pipeline

NETWORKS = {
    "mlp": MLP,
    "mlp with all": (
        multilayer_perceptron([6, 5], 3, dropout=0.3, noise=0.1, batch_norm=True),
        (4,),
    ),
    "cnn": CNN,
    "cnn with all": (
        convolutional_network(
            [[3], [4]], [5], 3, input_shape=(1, 4, 4), dropout=0.5, batch_norm=True
        ),
        (1, 4, 4),
    ),
}
SOLVERS = [name for name, row in optimizers.SOLVERS.items() if row.update]


def tensors(tree):
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


def memory(tensor):
    return tensor.untyped_storage().data_ptr()


class Tape(TorchDispatchMode):
    """Records operations and undoes them; `repeat` does them on the same memory.

    So do CUDA graphs: numbers of the host are constants from then on, and no number
    may be read while recording.
    """

    def __init__(self):
        super().__init__()
        self.calls, self.before, self.own, self.n_repeats = [], {}, set(), 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func is torch.ops.aten._local_scalar_dense.default:
            raise AssertionError("a number is read while recording")
        known = set()
        for tensor in tensors((args, kwargs)):
            known.add(memory(tensor))
            if memory(tensor) not in self.own | self.before.keys():
                whole = tensor.untyped_storage()
                self.before[memory(tensor)] = whole, whole.clone()
        result = func(*args, **kwargs)
        self.own |= {memory(t) for t in tensors(result)} - known
        self.calls.append((func, args, kwargs, result))
        return result

    def undo(self):
        for storage, content in self.before.values():
            storage.copy_(content)

    def repeat(self):
        self.n_repeats += 1
        for func, args, kwargs, result in self.calls:
            again = tensors(func(*args, **kwargs))
            for tensor, value in zip(tensors(result), again, strict=True):
                if memory(tensor) != memory(value):
                    tensor.copy_(value)


class Recording:
    """A recorder, and the tapes that it made."""

    def __init__(self):
        self.tapes = []

    def __call__(self, function, inputs):
        tape = Tape()
        with tape:
            outputs = function(*inputs)
        tape.undo()
        self.tapes.append(tape)
        return tape.repeat, outputs


def assert_recorded_is_equal(jobs, rtol=1e-9):
    """Train copies with and without a recorder."""
    record, copies = Recording(), copy.deepcopy(jobs)
    with torch.no_grad():
        train_stack(jobs)
        train_stack(copies, record)
    assert record.tapes
    assert all(tape.n_repeats for tape in record.tapes)
    for one, other in zip(jobs, copies, strict=True):
        for curve in ("loss_curve", "validation_scores", "validation_loss_curve"):
            assert_allclose(
                getattr(other.progress, curve),
                getattr(one.progress, curve),
                rtol=rtol,
                err_msg=curve,
            )
        assert other.progress.n_iter == one.progress.n_iter
        assert_allclose(other.parameters, one.parameters, rtol=rtol, atol=1e-9)
        assert_allclose(other.buffers, one.buffers, rtol=rtol, atol=1e-9)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("n_jobs", [1, 3])
def test_recorded_steps_give_the_same(network, solver, n_jobs):
    rates = dict(learning_rate_init=0.02) if n_jobs == 1 else {}
    assert_recorded_is_equal(
        [
            job(*NETWORKS[network], seed=seed, solver=solver, max_iter=4, **rates)
            for seed in range(n_jobs)
        ]
    )


@pytest.mark.parametrize(
    "options",
    [
        dict(learning_rate="exponential", decay_rate=0.5),
        dict(solver="sgd", learning_rate="adaptive", tol=1.0, n_iter_no_change=1),
        dict(alpha=0.0, l1=0.01, l2=0.02),
        dict(weight_decay=0.1),
        dict(batch_size=37, shuffle=False),
    ],
    ids=str,
)
def test_recorded_options_give_the_same(options):
    assert_recorded_is_equal([job(seed=seed, **options) for seed in range(3)])


def test_recorded_stack_of_different_jobs():
    """Rates, momenta, weights, lengths, starting steps and ends differ."""
    jobs = []
    for k in range(4):
        options = dict(learning_rate_init=0.01 * (k + 1), beta_1=0.8 + 0.05 * k)
        jobs.append(job(seed=k, n=35 + 4 * k, max_iter=3 + 2 * k, **options))
        jobs[-1].train = rows(35 + 4 * k, seed=k, weighted=True)
        jobs[-1].optimizer.n_steps = 7 * k
    assert_recorded_is_equal(jobs)


def test_recorded_early_stopping():
    jobs = [
        job(
            seed=k,
            valid=rows(20 + k, seed=9 + k),
            early_stopping=True,
            max_iter=30,
            tol=0.01,
            n_iter_no_change=2,
        )
        for k in range(4)
    ]
    assert_recorded_is_equal(jobs)
    assert len({job.progress.n_iter for job in jobs}) > 1


def test_first_run_is_not_recorded_and_shapes_are_told_apart():
    record = Recording()
    recorder, total = Replay(record), torch.zeros(())

    def add(x, nothing):
        total.add_(x.sum())
        return total * 2

    results = [
        float(recorder.run(add, add, (torch.full((n,), value), None)))
        for n, value in [(2, 1.0), (3, 1.0), (2, 10.0), (2, 100.0), (3, 1000.0)]
    ]
    assert results == [4.0, 10.0, 50.0, 450.0, 6450.0]
    assert [tape.n_repeats for tape in record.tapes] == [2, 1]


# --- what a GPU forbids: reading numbers in a step, tensors left on the CPU ---


class NoTensorOnCPU(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for tensor in tensors((args, kwargs, result)):
            assert tensor.device.type == "meta", f"{func} with a tensor on the CPU"
        return result


class OnlyDtypes(TorchDispatchMode):
    """Refuses tensors of other dtypes on the device."""

    def __init__(self, dtypes):
        super().__init__()
        self.dtypes = dtypes

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for tensor in tensors((args, kwargs, result)):
            if tensor.device.type == "meta":
                assert tensor.dtype in self.dtypes, f"{func} in {tensor.dtype}"
        return result


@pytest.mark.parametrize("has_double", [True, False])
@pytest.mark.parametrize(
    "network, solver",
    [(network, "adam") for network in NETWORKS]
    + [("mlp with all", solver) for solver in SOLVERS if solver != "adam"],
)
def test_steps_stay_on_the_device(network, solver, has_double, monkeypatch):
    """A device without content: nothing can be read from it or mixed with it."""
    dtypes = {torch.float32, torch.int32, torch.int64, torch.bool}
    if has_double:
        dtypes.add(torch.float64)
    else:
        for module in (stack, epoch, evaluation):
            monkeypatch.setattr(module, "widest_float", lambda device: torch.float32)
    monkeypatch.setattr(torch, "_fused_sgd_", lambda *args, **kwargs: None)  # no kernel
    in_steps = []

    def record(function, inputs):
        def again():
            in_steps.append(len(inputs))
            with NoTensorOnCPU():
                return function(*inputs)

        return again, again()

    jobs = []
    for k in range(3):
        options = dict(learning_rate_init=0.01 * (k + 1), alpha=0.1 * k, l1=0.1)
        jobs.append(
            job(*NETWORKS[network], seed=k, n=40 - 5 * k, solver=solver, **options)
        )
        for split in ("train", "validation"):
            part = rows(40 - 5 * k, NETWORKS[network][1], k, weighted=True)
            part.X, part.y = part.X.astype("f"), part.y.astype("f")
            part.sample_weight = part.sample_weight.astype("f")
            setattr(jobs[-1], split, part)
        jobs[-1].parameters = jobs[-1].parameters.float()
        jobs[-1].buffers = jobs[-1].buffers.float()
        jobs[-1].device = torch.device("meta")
        jobs[-1].layout = ParameterLayout(
            [
                layer
                if layer.strength is None
                else replace(
                    layer, **{layer.strength_field: layer.strength * (k + 1) / 4}
                )
                for layer in jobs[-1].layout.layers
            ],
            NETWORKS[network][1],
        )
    fake = FakeTensorMode(allow_non_fake_inputs=True)
    with fake, torch.no_grad(), OnlyDtypes(dtypes):
        stacked = Stack.of_jobs(jobs)
        runner = EpochRunner(stacked, record)
        permutations = RowPermutations(jobs)
        runner.running = {0, 1, 2}
        for _ in range(2):
            runner.seen.reset()
            index = runner.rows.index(permutations.next([0, 1, 2]))
            for chunk in runner.chunks:
                total = runner._run_chunk(chunk, index, [0, 3, 5], 0)
                assert total.device.type == "meta"
    assert in_steps


def test_reasons_not_to_record():
    on_gpu = job()
    on_gpu.device = torch.device("cuda")
    assert why_not_captured([on_gpu]) is None
    assert why_not_captured([job()]) == "not on a CUDA GPU"
    changing = copy.copy(on_gpu)
    changing.settings = replace(SETTINGS, learning_rate="one_cycle")
    assert "learning rate" in why_not_captured([on_gpu, changing])
    augmented = copy.copy(on_gpu)
    augmented.augment = augmentation_pipeline("horizontal_flip")
    assert why_not_captured([augmented]) == "augmentation"
    observed = copy.copy(on_gpu)
    observed.observer = object()
    assert why_not_captured([observed]) == "callbacks"
