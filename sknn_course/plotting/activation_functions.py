"""Activation functions with their derivatives."""

from collections.abc import Mapping

import numpy as np
import torch

from .._engine.ops.activations import ACTIVATIONS
from .canvas import BLUE, ORANGE, legend_above, panel_axes, root_figure, tidy


class ActivationFunctionsDisplay:
    """Activation functions and their derivatives.

    Make it with `from_functions`; parameters are attributes.

    Parameters
    ----------
    z : ndarray of shape (n_points,)
        Inputs.
    values, derivatives : dict of str to ndarray of shape (n_points,)
        By function.

    Attributes
    ----------
    axes_ : ndarray of shape (n_functions,) of matplotlib Axes
    figure_ : matplotlib Figure

    References
    ----------
    Kiel NNDL 2020 sheet 4, vanishing gradients; Lund FMAN45 assignment 3, 2019.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sknn_course.plotting import ActivationFunctionsDisplay
    >>> display = ActivationFunctionsDisplay.from_functions(["logistic", "relu"])
    >>> float(display.derivatives["logistic"].max())
    0.25
    >>> plt.close(display.figure_)
    """

    def __init__(self, *, z, values, derivatives):
        self.z = z
        self.values = values
        self.derivatives = derivatives

    @classmethod
    def from_functions(cls, functions=None, *, z=None, ax=None, **params):
        """Compute functions and, by automatic differentiation, their derivatives.

        Parameters
        ----------
        functions : list of str, or dict of str to callable, default=None
            Names of the networks' parameter ``activation``, or functions of a torch
            tensor by name. None is all of the networks'.
        z : array-like of shape (n_points,), default=None
            Inputs; None is -5 to 5.
        ax : matplotlib Axes or array-like of Axes, default=None
            See `plot`.
        **params : dict
            Of `plot`.

        Returns
        -------
        ActivationFunctionsDisplay
            Drawn.

        Raises
        ------
        ValueError
            If a name is unknown.

        Examples
        --------
        >>> import matplotlib.pyplot as plt, torch
        >>> from sknn_course.plotting import ActivationFunctionsDisplay
        >>> display = ActivationFunctionsDisplay.from_functions(
        ...     {"sine": torch.sin}, z=[0.0]
        ... )
        >>> display.derivatives
        {'sine': array([1.])}
        >>> plt.close(display.figure_)
        """
        if functions is None:
            functions = list(ACTIVATIONS)
        if not isinstance(functions, Mapping):
            functions = [functions] if isinstance(functions, str) else functions
            unknown = [name for name in functions if name not in ACTIVATIONS]
            if unknown:
                raise ValueError(
                    f"functions={unknown} are unknown: use names of "
                    f"{sorted(ACTIVATIONS)}, or a dict of functions by name."
                )
            functions = {name: ACTIVATIONS[name].module() for name in functions}
        z = np.linspace(-5, 5, 501) if z is None else np.asarray(z, dtype=float)
        values, derivatives = {}, {}
        for name, function in functions.items():
            x = torch.tensor(z, requires_grad=True)
            a = function(x)
            values[name] = a.detach().numpy()
            # a constant, such as a step, may have no graph
            a = a + 0 * x
            derivatives[name] = torch.autograd.grad(a.sum(), x)[0].numpy()
        return cls(z=z, values=values, derivatives=derivatives).plot(ax, **params)

    def plot(self, ax=None, *, n_columns=None):
        """Draw a panel for each function.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of Axes, default=None
            One is divided; several, one for each function, are drawn in directly.
        n_columns : int, default=None
            None is at most five.

        Returns
        -------
        self
        """
        n_functions = len(self.values)
        self.axes_ = panel_axes(
            ax,
            "ActivationFunctionsDisplay.plot",
            n_functions,
            n_columns=n_columns or -(-n_functions // -(-n_functions // 5)),
            width=2.3 if n_functions > 1 else 4.8,
            height=2.4 if n_functions > 1 else 3.4,
        )
        self.figure_ = root_figure(self.axes_[0])
        for one, (name, values) in zip(self.axes_, self.values.items(), strict=True):
            one.plot(self.z, values, color=BLUE, label="function")
            one.plot(
                self.z, self.derivatives[name], "--", color=ORANGE, label="derivative"
            )
            one.set_title(name, fontsize=10)
            one.axhline(0, color="#555555", linewidth=0.6)
            one.axvline(0, color="#555555", linewidth=0.6)
            tidy(one)
        legend_above(self.axes_, alone=n_functions > 1 and not np.ndim(ax))
        return self
