"""Kiel NNDL 2020 sheet 4: terms, Eckerle4, MLPs on MNIST, vanishing gradients."""
