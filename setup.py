"""Package metadata; settings of the tools are in pyproject.toml."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
PACKAGE = (ROOT / "sknn_course" / "__init__.py").read_text("utf-8")
VERSION = re.search(r'^__version__ = "(.+)"$', PACKAGE, re.M)[1]

PLOT = ["matplotlib>=3.8"]
FILES = ["pandas>=2.2", "pyarrow>=15"]
TENSORBOARD = ["tensorboard>=2.15"]
STACKED = ["greenlet>=3.1"]
ONNX = ["skl2onnx>=1.19"]
PROGRESS = ["rich>=13"]  # scikit-learn's ProgressBar
ALL = [*PLOT, *FILES, *TENSORBOARD, *STACKED, *ONNX, *PROGRESS]
TEST = [
    "pytest>=8.2",
    "setuptools>=77",
    "hypothesis>=6.170,<7",
    "polars>=1.0",
    "skops>=0.12",
    "onnxruntime>=1.20",
    *ALL,
]
DOCS = [
    "sphinx>=8.1",
    "pydata-sphinx-theme>=0.16",
    "numpydoc>=1.8",
    "sphinx-gallery>=0.20",
    "myst-parser>=4",
    "sphinx-design>=0.6",
    *PLOT,
    *FILES,
]
DEV = ["ruff>=0.12", "mypy>=1.15", *TEST]

setup(
    name="sknn_course",
    version=VERSION,
    description="PyTorch networks as scikit-learn estimators, beside their baselines",
    long_description=(ROOT / "README.md").read_text("utf-8"),
    long_description_content_type="text/markdown",
    author="The sknn_course developers",
    license="BSD-3-Clause",
    license_files=["LICENSE"],
    keywords=["scikit-learn", "pytorch", "neural networks", "machine learning"],
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Operating System :: OS Independent",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Typing :: Typed",
    ],
    python_requires=">=3.11",
    install_requires=[
        "joblib>=1.5",
        "numpy>=1.26",
        # The networks follow 1.9's MLP number for number. Names that a newer one may
        # lack are in `_compat.py`, which tells.
        "scikit-learn>=1.9",
        "scipy>=1.15",
        "skorch>=1.2",
        "torch>=2.6",
    ],
    extras_require={
        "plot": PLOT,
        "files": FILES,
        "tensorboard": TENSORBOARD,
        "stacked": STACKED,
        "onnx": ONNX,
        "progress": PROGRESS,
        "test": TEST,
        "docs": DOCS,
        "dev": DEV,
        "all": ALL,
    },
    packages=find_packages(include=["sknn_course", "sknn_course.*"]),
    package_data={
        "sknn_course": ["py.typed", "datasets/data/*.csv", "course/*/rows.toml"]
    },
    entry_points={"console_scripts": ["sknn_course = sknn_course._cli:main"]},
)
