"""The systems of five university course sheets as rows, and one runner."""
