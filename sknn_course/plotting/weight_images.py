"""Weights as images: what neurons and filters look for."""

import numpy as np

from .._estimator.image_rows import find_input_shape
from .canvas import SIGNED, root_figure
from .fitted_network import last_step, layer_at, weights_of
from .image_grid import draw_grid, require_count


class _WeightImagesDisplay:
    """Images of weights with one scale around zero, at which 1 % are cut off.

    A subclass says how a network's weights become images (``_images``).
    """

    def __init__(self, *, images, titles=None):
        self.images = images
        self.titles = titles

    def plot(self, ax=None, *, n_columns=None, colorbar=True, title=None):
        """Draw the images.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of Axes, default=None
            One is divided; several, one for each image, are drawn in directly.
        n_columns : int, default=None
            None is about as many as rows.
        colorbar : bool, default=True
            Whether to show which colour is which weight; images of three channels
            have none: grey is zero there.
        title : str, default=None
            Above all images, where they are not drawn into several given axes.

        Returns
        -------
        self
        """
        # a few large weights would make all others pale
        limit = float(np.quantile(np.abs(self.images), 0.99)) or 1.0
        with_bar = colorbar and self.images.shape[1] == 1
        self.axes_ = draw_grid(
            ax,
            f"{type(self).__name__}.plot",
            self.images,
            titles=self.titles,
            limits=(-limit, limit),
            n_columns=n_columns,
            cmap=SIGNED,
            extra_width=0.9 if with_bar else 0.0,
        )
        self.figure_ = root_figure(self.axes_[0])
        if with_bar:
            self.axes_[0].figure.colorbar(
                self.axes_[0].images[-1],
                ax=list(self.axes_),
                label="weight",
                extend="both",
                shrink=0.8,
                aspect=30,
            )
        if title is not None and not np.ndim(ax):
            self.axes_[0].figure.suptitle(title)
        return self


class FirstLayerWeightsDisplay(_WeightImagesDisplay):
    """The weights of neurons in the first layer, as images of the input.

    Make it with `from_estimator`; parameters are attributes.

    Parameters
    ----------
    images : ndarray of shape (n, channels, height, width)
        Weights of each neuron.
    titles : list of str, default=None
        One for each image.

    Attributes
    ----------
    axes_ : ndarray of shape (n,) of matplotlib Axes
    figure_ : matplotlib Figure

    See Also
    --------
    FiltersDisplay : For convolutions.

    References
    ----------
    Kiel NNDL 2020 sheet 4, vanishing gradients.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.datasets import load_digits
    >>> from sknn_course import MLPClassifier
    >>> from sknn_course.plotting import FirstLayerWeightsDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> mlp = MLPClassifier((30,), early_stopping=True, random_state=0).fit(X, y)
    >>> display = FirstLayerWeightsDisplay.from_estimator(mlp)
    >>> display.images.shape
    (16, 1, 8, 8)
    >>> plt.close(display.figure_)
    """

    @classmethod
    def from_estimator(
        cls,
        estimator,
        *,
        n_neurons=16,
        weights="fitted",
        image_shape=None,
        ax=None,
        **params,
    ):
        """Draw the first neurons of the first layer.

        Parameters
        ----------
        estimator : estimator
            Fitted, with ``coefs_``, on flat rows of images; pipelines and searches
            are looked into.
        n_neurons : int, default=16
            At most so many.
        weights : {'fitted', 'initial'}, default='fitted'
            After or before training; the latter are drawn again from an integer
            ``random_state``.
        image_shape : tuple of int, default=None
            (channels, height, width) or (height, width); None takes squares.
        ax : matplotlib Axes or array-like of Axes, default=None
            See `plot`.
        **params : dict
            Of `plot`.

        Returns
        -------
        FirstLayerWeightsDisplay
            Drawn.

        Raises
        ------
        ValueError
            If the first layer is a convolution, or the rows are no images.
        """
        require_count("n_neurons", n_neurons)
        first = np.asarray(weights_of(estimator, weights)[0][0])
        if first.ndim != 2:
            raise ValueError(
                f"The first layer has weights of shape {first.shape}, a convolution: "
                "use FiltersDisplay."
            )
        shape = find_input_shape(image_shape, None, len(first))
        if shape[0] not in (1, 3):
            raise ValueError(
                f"image_shape={image_shape!r} cannot be shown: give 1 or 3 channels."
            )
        images = first.T[:n_neurons].reshape(-1, *shape)
        return cls(images=images).plot(ax, **params)


class FiltersDisplay(_WeightImagesDisplay):
    """The filters of a convolution, as images.

    Make it with `from_estimator`; parameters are attributes.

    Parameters
    ----------
    images : ndarray of shape (n, channels, height, width)
        Weights of each filter, of one input map or of three colours.
    titles : list of str, default=None
        One for each image.

    Attributes
    ----------
    axes_ : ndarray of shape (n,) of matplotlib Axes
    figure_ : matplotlib Figure

    See Also
    --------
    FeatureMapsDisplay : What the filters make of an image.

    References
    ----------
    Lund FMAN45 assignment 3, 2019.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.datasets import load_digits
    >>> from sknn_course import CNNClassifier
    >>> from sknn_course.plotting import FiltersDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> cnn = CNNClassifier(((16,),), kernel_size=5, early_stopping=True)
    >>> display = FiltersDisplay.from_estimator(cnn.fit(X[:500], y[:500]))
    >>> display.images.shape
    (16, 1, 5, 5)
    >>> plt.close(display.figure_)
    """

    @classmethod
    def from_estimator(
        cls,
        estimator,
        *,
        layer=0,
        input_map=None,
        n_filters=16,
        weights="fitted",
        ax=None,
        **params,
    ):
        """Draw the first filters of a convolution.

        Parameters
        ----------
        estimator : estimator
            Fitted convolutional network; pipelines and searches are looked into.
        layer : int, default=0
            Place among the convolutions.
        input_map : int, default=None
            Which of several input maps the shown weights belong to. None shows
            colours where there are three, else the first.
        n_filters : int, default=16
            At most so many.
        weights : {'fitted', 'initial'}, default='fitted'
            After or before training; the latter are drawn again from an integer
            ``random_state``.
        ax : matplotlib Axes or array-like of Axes, default=None
            See `plot`.
        **params : dict
            Of `plot`.

        Returns
        -------
        FiltersDisplay
            Drawn.

        Raises
        ------
        ValueError
            If there is no such convolution or input map.
        """
        require_count("n_filters", n_filters)
        coefs = [w for w in weights_of(estimator, weights)[0] if np.ndim(w) == 4]
        if not coefs:
            raise ValueError(
                f"estimator={last_step(estimator)[0]!r} has no convolution: use "
                "FirstLayerWeightsDisplay."
            )
        filters = layer_at(coefs, layer)[:n_filters]  # (n, maps, height, width)
        n_maps = filters.shape[1]
        if input_map is None and n_maps != 3:
            input_map = 0
        if input_map is not None:
            if not 0 <= input_map < n_maps:
                raise ValueError(
                    f"input_map={input_map!r} does not exist: the filters see {n_maps} "
                    f"maps, 0 to {n_maps - 1}."
                )
            filters = filters[:, [input_map]]
        return cls(images=filters).plot(ax, **params)
