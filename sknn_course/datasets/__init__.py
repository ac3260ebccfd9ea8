"""Data sets: shipped (``load_*``), generated (``make_*``), fetched (``fetch_*``)."""

from sknn_course.datasets._cifar10 import fetch_cifar10
from sknn_course.datasets._circles import make_circles_split
from sknn_course.datasets._data_home import clear_data_home, get_data_home
from sknn_course.datasets._eckerle4 import load_eckerle4
from sknn_course.datasets._mnist import fetch_mnist

__all__ = [
    "clear_data_home",
    "fetch_cifar10",
    "fetch_mnist",
    "get_data_home",
    "load_eckerle4",
    "make_circles_split",
]
