"""Predictions of many fitted models: rows prepared once, networks as stacks.

The only module of the ensembles that knows what our networks keep.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from typing import Any

import numpy as np
import torch
from scipy import sparse
from sklearn.base import BaseEstimator
from torch import nn
from torch.nn import functional

from .._engine.cost_model import COSTS
from .._engine.losses import activate_rows
from .._engine.ops.activations import ACTIVATIONS
from .._engine.ops.stacked_embeddings import PeriodicEmbeddingOp
from .._engine.ops.torch_modules import PeriodicEmbedding
from .._engine.threads import one_thread
from .._estimator.base import NeuralEstimator
from .._estimator.prediction import BLOCK, ONLY_IN_TRAINING
from .._identity import Same
from .candidates import steps_of
from .targets import Target

DENSE = (
    nn.Linear,
    nn.BatchNorm1d,
    PeriodicEmbedding,
    *{type(function.module()) for function in ACTIVATIONS.values()},
)


class JointPredictor:
    """Predicts with members of an ensemble together.

    Members that share fitted steps before the last share the transformed rows; dense
    networks of one structure are one stack, their products batched.

    Parameters
    ----------
    members : list of estimator
    target : Target
    """

    def __init__(self, members: list[BaseEstimator], target: Target):
        self.target = target
        self.preparations: dict[Hashable, Any] = {}  # fitted pipelines, None without
        self.networks: list[Any] = []
        self.keys: list[Hashable] = []  # of their preparations
        for member in members:
            *steps, (_, network) = steps_of(member)
            key = tuple(Same(transformer) for _, transformer in steps)
            if key not in self.preparations:
                self.preparations[key] = member[:-1] if steps else None
            self.networks.append(network)
            self.keys.append(key)
        self.arrays = kept_arrays(members)
        places = defaultdict(list)
        for place, network in enumerate(self.networks):
            places[_structure(network) or place].append(place)
        self.groups = [
            (group, DenseStack([self.networks[p] for p in group]))
            if len(group) > 1
            else (group, None)
            for group in places.values()
        ]

    def mean(self, X: Any, weights: np.ndarray) -> np.ndarray:
        """Weighted mean of what members predict, shape (n_rows, n_outputs)."""
        of_groups = [
            np.tensordot(weights[group], outputs, 1)
            for group, outputs in self._in_groups(X)
        ]
        return np.sum(of_groups, axis=0)

    def each(self, X: Any) -> np.ndarray:
        """What each member predicts, shape (n_members, n_rows, n_outputs)."""
        groups = list(self._in_groups(X))
        order = np.argsort(np.concatenate([group for group, _ in groups]))
        return np.concatenate([outputs for _, outputs in groups])[order]

    def _in_groups(self, X: Any) -> Iterator[tuple[list[int], np.ndarray]]:
        """Places of members and their outputs (n_places, n_rows, n_outputs)."""
        prepared = {
            key: X if preparation is None else preparation.transform(X)
            for key, preparation in self.preparations.items()
        }
        checked: dict[Hashable, np.ndarray] = {}  # as the networks take them
        for group, stack in self.groups:
            networks = [self.networks[place] for place in group]
            keys = [self.keys[place] for place in group]
            together = None
            if stack is not None:
                for network, key in zip(networks, keys, strict=True):
                    if key not in checked:
                        checked[key] = network._network_rows(prepared[key])
                together = stack.predict(checked, keys)
            if together is not None:
                outputs = map(self.target.of_network, networks, together)
            else:
                rows = [prepared[key] for key in keys]
                outputs = map(self.target.outputs, networks, rows)
            yield group, np.stack(list(outputs))


class DenseStack:
    """Dense networks of one structure.

    Parameters
    ----------
    networks : list of K estimators
    """

    def __init__(self, networks: list[NeuralEstimator]):
        parts = [_parts(network) for network in networks]
        self.forwards = [_stacked(same) for same in zip(*parts, strict=True)]
        self.loss = networks[0]._predictor.loss
        self.like = next(parts[0][0].parameters())
        widest = max(p.in_features for p in parts[0] if isinstance(p, nn.Linear))
        n_bytes = len(networks) * widest * self.like.element_size()
        self.n_at_once = BLOCK * max(1, COSTS.pass_bytes // (BLOCK * n_bytes))

    @one_thread(asked_for=False)
    @torch.no_grad()
    def predict(
        self, rows: dict[Hashable, np.ndarray], keys: list[Hashable]
    ) -> np.ndarray | None:
        """Predictions after the output activation.

        Parameters
        ----------
        rows : dict of hashable -> ndarray of shape (n_rows, n_features)
        keys : list of K hashables
            Of each network's rows.

        Returns
        -------
        ndarray of shape (K, n_rows, n_outputs), or None
            None where rows are sparse, or numbers overflow: those, networks handle one
            by one.
        """
        if any(sparse.issparse(rows[key]) for key in keys):
            return None
        outputs = []
        for start in range(0, len(rows[keys[0]]), self.n_at_once):
            block = slice(start, start + self.n_at_once)
            tensors = {
                key: torch.from_numpy(rows[key][block]).to(self.like)
                for key in set(keys)
            }
            x = torch.stack([tensors[key] for key in keys])
            n_block = x.shape[1]
            x = functional.pad(x, (0, 0, 0, -n_block % BLOCK))
            for forward in self.forwards:
                x = forward(x)  # (K, n_block, n_units)
            outputs.append(x[:, :n_block].cpu())
        activated = activate_rows(self.loss, torch.cat(outputs, dim=1).double())
        return activated.numpy() if activated.isfinite().all() else None


def kept_arrays(members: list[BaseEstimator]) -> list[np.ndarray]:
    """The arrays of all networks of this package; other objects after a change."""
    networks = [steps_of(member)[-1][1] for member in members]
    return [
        array
        for network in networks
        if isinstance(network, NeuralEstimator)
        for array in network._arrays()
    ]


def _parts(network: NeuralEstimator) -> list[nn.Module]:
    """The torch modules that act in predictions."""
    module = network._predictor.module
    return [part for part in module if not isinstance(part, ONLY_IN_TRAINING)]


def _structure(network: Any) -> Hashable:
    """Equal for networks that predict as one stack; None where there is none.

    Dense networks alone: convolutions of a stack are no faster on a CPU.
    """
    if not isinstance(network, NeuralEstimator):
        return None
    parts = _parts(network)
    if not all(isinstance(part, DENSE) for part in parts):
        return None
    like = next(parts[0].parameters())
    return (*map(repr, parts), network._predictor.loss, like.dtype, like.device)


def _stacked(parts: tuple[Any, ...]) -> Callable[[torch.Tensor], torch.Tensor]:
    """What equal parts of K networks do to rows of shape (K, n_rows, n_inputs)."""
    first = parts[0]
    if isinstance(first, nn.Linear):
        weight = torch.stack([part.weight.t() for part in parts])
        bias = torch.stack([part.bias for part in parts]).unsqueeze(1)
        return lambda x: torch.baddbmm(bias, x, weight)
    if isinstance(first, nn.BatchNorm1d):
        mean, variance, gain, shift = (
            torch.stack([getattr(part, name) for part in parts]).unsqueeze(1)
            for name in ("running_mean", "running_var", "weight", "bias")
        )
        gain = gain * torch.rsqrt(variance + first.eps)
        shift = shift - mean * gain
        return lambda x: torch.addcmul(shift, x, gain)
    if isinstance(first, PeriodicEmbedding):
        roles = {"weight": "column_weight", "bias": "column_bias"}
        states = [part.state_dict() for part in parts]
        values = {
            roles.get(name, name): torch.stack([state[name] for state in states])
            for name in states[0]
        }
        op = PeriodicEmbeddingOp(first.layer, (first.n_columns,), values, values)
        return lambda x: op.forward(x, None)
    return first
