"""What the networks share: the shapes of their images, the check of a variant."""

MNIST = (1, 28, 28)  # (channels, height, width)
CIFAR = (3, 32, 32)


def check_known(name, value, known):
    """Raise a ValueError that names the parameter if its value is not known."""
    if value not in known:
        raise ValueError(f"{name}={value!r} is unknown: use one of {sorted(known)}.")
