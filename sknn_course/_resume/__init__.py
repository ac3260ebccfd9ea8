"""Finished fits on disk and in memory, found again by what they were made of."""
