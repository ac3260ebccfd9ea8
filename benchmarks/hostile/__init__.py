"""Calls that no estimator should get, what they do, and what that is worth."""
