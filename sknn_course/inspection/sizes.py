"""The size of what a window that slides over an image leaves."""

from operator import index

from ..layers import ShapeError


def output_size(size, window, padding=0, stride=1, *, floor=False):
    """Positions of a sliding window along one side of an image.

    The number is (N - F + 2 P) / S + 1 [1]_, for the height and the width apart.

    Parameters
    ----------
    size : int
        Side N of the image, in pixels.
    window : int
        Side F of the kernel or pooling window, in pixels.
    padding : int, default=0
        Zeros P on each of the two ends, in pixels.
    stride : int, default=1
        Step S of the window, in pixels.
    floor : bool, default=False
        Whether the window may leave pixels at the end out, as the layers of this
        package do; else a number that is no integer is refused.

    Returns
    -------
    int

    Raises
    ------
    ShapeError
        If the window is larger than the padded image, or if its steps do not end
        at the last pixel and ``floor`` is False.

    References
    ----------
    .. [1] Kiel NNDL 2020 sheet 5. RDFIA practical 2 prints (x + 2p(k - 1) - 1) / s,
       which gives 47 for x=32, k=5, p=2, s=1 where the size stays 32.

    Examples
    --------
    >>> from sknn_course.inspection import output_size
    >>> output_size(227, 11, stride=4)
    55
    >>> output_size(7, 2, stride=2, floor=True)
    3
    >>> output_size(7, 2, stride=2)
    Traceback (most recent call last):
        ...
    sknn_course.layers.specification.ShapeError: (7 - 2 + 2*0) / 2 + 1 = 3.5 is no
    whole number of positions: the last of 7 pixels would be left out. Use floor=True
    for 3.
    """
    values = {"size": size, "window": window, "padding": padding, "stride": stride}
    for name, value in values.items():
        least = int(name != "padding")
        try:
            wrong = index(value) < least
        except TypeError:
            wrong = True
        if wrong:
            raise ValueError(f"{name} must be an integer >= {least}, got {value!r}.")
    room = size - window + 2 * padding
    if room < 0:
        raise ShapeError(
            f"window={window} is larger than size={size} with padding={padding} on "
            f"each side: use a window of at most {size + 2 * padding}, or padding of "
            f"at least {-((size - window) // 2)}."
        )
    # (N - F + 2P) / S + 1
    steps, left_out = divmod(room, stride)
    if left_out and not floor:
        pixels = "last" if left_out == 1 else f"last {left_out}"
        raise ShapeError(
            f"({size} - {window} + 2*{padding}) / {stride} + 1 = "
            f"{room / stride + 1:g} is no whole number of positions: the {pixels} of "
            f"{size + 2 * padding} pixels would be left out. Use floor=True for "
            f"{steps + 1}."
        )
    return steps + 1
