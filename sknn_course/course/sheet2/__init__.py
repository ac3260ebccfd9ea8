"""Kiel NNDL 2018 sheet 5: overfitting of a small MLP, CNNs on MNIST."""
