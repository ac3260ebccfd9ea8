"""RDFIA practical 2: an MLP from scratch, SVMs, and a CNN on CIFAR-10."""
