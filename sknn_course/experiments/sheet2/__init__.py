"""Kiel NNDL 2018 sheet 5: overfitting of a small MLP, CNNs on MNIST."""

from . import counting, mnist_cnn, overfitting, theory_and_terms

EXPERIMENTS = (
    *overfitting.EXPERIMENTS,
    *theory_and_terms.EXPERIMENTS,
    *mnist_cnn.EXPERIMENTS,
    *counting.EXPERIMENTS,
)
