"""Data and target in the forms that scikit-learn's loaders return."""

import numpy as np
from sklearn.utils import Bunch


def to_bunch(
    data, target, *, feature_names, target_column, as_frame, return_X_y, **more
):
    """Return a Bunch, or ``(data, target)`` if ``return_X_y``.

    Parameters
    ----------
    data : ndarray of shape (n_samples, n_features)
    target : ndarray of shape (n_samples,)
    feature_names : list of str
    target_column : str
        Name of the target in the frame.
    as_frame : bool
        Whether data and target become a DataFrame and a Series.
    return_X_y : bool
    **more
        Further entries of the Bunch.

    Returns
    -------
    sklearn.utils.Bunch or tuple of length 2
    """
    frame = None
    if as_frame:
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError("as_frame=True requires pandas.") from error
        data = pd.DataFrame(data, columns=feature_names)
        target = pd.Series(target, name=target_column)
        frame = data.assign(**{target_column: target})
    if return_X_y:
        return data, target
    return Bunch(
        data=data, target=target, frame=frame, feature_names=feature_names, **more
    )


def to_image_bunch(images, target, *, scale, channels, **options):
    """Return images as rows, in the forms of :func:`to_bunch`.

    Parameters
    ----------
    images : ndarray of shape (n_samples, [n_channels,] height, width), dtype uint8
    target : ndarray of shape (n_samples,)
    scale : bool
        Whether pixels become float32 in [0, 1].
    channels : sequence of str
        First part of the feature names, one for each channel.
    **options
        Passed to :func:`to_bunch`.

    Returns
    -------
    sklearn.utils.Bunch or tuple of length 2
    """
    if scale:
        images = images / np.float32(255)
    height, width = images.shape[-2:]
    return to_bunch(
        images.reshape(len(images), -1),
        target.astype(np.int64),
        feature_names=[
            f"{channel}_{row}_{column}"
            for channel in channels
            for row in range(height)
            for column in range(width)
        ],
        target_column="target",
        images=images,
        **options,
    )
