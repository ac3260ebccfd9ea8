"""How large the gradient is in each layer."""

import copy

import numpy as np
import torch

from .._engine import Settings
from .._engine.losses import loss_of
from .canvas import SERIES, root_figure, single_axes, tidy
from .fitted_network import last_step, module_of, require_network, trained_layers


class GradientFlowDisplay:
    """Norm of the loss's gradient in each layer.

    Where gradients vanish, the norms fall from the last layer to the first. Draw
    several networks into the same ``ax`` to compare them. Make it with
    `from_estimator`; parameters are attributes.

    Parameters
    ----------
    weight_norms, bias_norms : ndarray of shape (n_layers,)
        Euclidean norms of the gradient with respect to the weights, and the biases,
        of each layer, from the input to the output.
    name : str, default=None
        Of the network, for the legend.

    Attributes
    ----------
    line_ : matplotlib Line2D
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    References
    ----------
    .. [1] M. Nielsen, "Neural Networks and Deep Learning", 2015, chapter 5.
    .. [2] X. Glorot, Y. Bengio, "Understanding the difficulty of training deep
       feedforward neural networks", AISTATS 2010.
    .. [3] Kiel NNDL 2020 sheet 4, vanishing gradients.

    Examples
    --------
    Sigmoids lose the gradient on its way to the first layer:

    >>> import matplotlib.pyplot as plt
    >>> from sklearn.datasets import load_digits
    >>> from sknn_course import MLPClassifier
    >>> from sknn_course.plotting import GradientFlowDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> deep = MLPClassifier(
    ...     [30] * 5, "logistic", early_stopping=True, random_state=0
    ... ).fit(X, y)
    >>> display = GradientFlowDisplay.from_estimator(deep, X, y, weights="initial")
    >>> bool(display.weight_norms[0] < display.weight_norms[-1] / 100)
    True
    >>> plt.close(display.figure_)
    """

    def __init__(self, *, weight_norms, bias_norms, name=None):
        self.weight_norms = weight_norms
        self.bias_norms = bias_norms
        self.name = name

    @classmethod
    def from_estimator(
        cls, estimator, X, y, *, weights="fitted", name=None, ax=None, **params
    ):
        """Compute the gradient of the mean loss and draw its norms.

        The loss is that of the data, without penalties. Dropout and noise are off;
        batch normalisation takes the statistics of the given rows, as in training.

        Parameters
        ----------
        estimator : estimator
            Fitted network of this package; pipelines and searches are looked into.
        X : array-like of shape (n, n_features)
        y : array-like of shape (n,) or (n, n_outputs)
        weights : {'fitted', 'initial'}, default='fitted'
            After or before training; the latter are drawn again from an integer
            ``random_state``.
        name : str, default=None
            Of the network, for the legend.
        ax : matplotlib Axes, default=None
            See `plot`.
        **params : dict
            Of `plot`.

        Returns
        -------
        GradientFlowDisplay
            Drawn.

        Raises
        ------
        TypeError
            If the estimator is no network of this package.
        ValueError
            If the initial weights cannot be known.
        """
        weight_norms, bias_norms = _gradient_norms(estimator, X, y, weights)
        display = cls(weight_norms=weight_norms, bias_norms=bias_norms, name=name)
        return display.plot(ax, **params)

    def plot(self, ax=None, *, of="weights", name=None, **line_params):
        """Draw the norms over the layers.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
        of : {'weights', 'biases'}, default='weights'
            With respect to what.
        name : str, default=None
            Of the network, for the legend; None takes the display's.
        **line_params : dict
            Of matplotlib's ``plot``, such as ``color``.

        Returns
        -------
        self
        """
        if of not in ("weights", "biases"):
            raise ValueError(f"of={of!r} is unknown: use 'weights' or 'biases'.")
        norms = self.weight_norms if of == "weights" else self.bias_norms
        ax = single_axes(ax, "GradientFlowDisplay.plot", width=4.8, height=3.4)
        name = self.name if name is None else name
        (self.line_,) = ax.plot(
            np.arange(1, len(norms) + 1),
            norms,
            **{
                "marker": "o",
                "markersize": 4,
                "color": SERIES[len(ax.lines) % len(SERIES)],
                "label": name,
                **line_params,
            },
        )
        if np.min(norms) > 0:
            ax.set_yscale("log")
            middle = np.exp(np.log(norms).mean())
            ax.update_datalim([(1, middle / 4), (1, middle * 4)])  # some decade's tick
            ax.autoscale_view()
        symbol = {"weights": "W", "biases": "b"}[of]
        ax.set(
            xlabel="layer, from input to output",
            ylabel=rf"$\|\partial L / \partial {symbol}\|_2$",
        )
        tidy(ax, integer_x=True)
        if name is not None:
            ax.legend(frameon=False)
        self.ax_ = ax
        self.figure_ = root_figure(ax)
        return self


def _gradient_norms(estimator, X, y, weights):
    """Norms by layer, of weights and of biases."""
    network, X = last_step(estimator, X)
    require_network(network, "GradientFlowDisplay")
    module = copy.deepcopy(module_of(network, weights)).requires_grad_()
    for part in module:
        if isinstance(part, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            part.train()
    like = next(module.parameters())
    rows = torch.as_tensor(network._network_rows(X)).to(like)
    targets = torch.as_tensor(network._targets.encode_validation(np.asarray(y))).to(
        like
    )
    loss = loss_of(Settings(**network._settings))
    loss.per_row(targets, loss.activation(module(rows))).mean().backward()
    layers = trained_layers(module)
    return tuple(
        np.array([float(getattr(part, name).grad.norm()) for part in layers])
        for name in ("weight", "bias")
    )
