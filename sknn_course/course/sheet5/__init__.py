"""Lund FMAN45, assignment 3, 2019: layers by hand, and two starter networks."""
