"""Torch side of a network: parameters, modules, and their stacked twins."""
