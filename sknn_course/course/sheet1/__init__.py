"""Kiel NNDL 2020 sheet 5: losses, convolutional networks, counting, overfitting."""
