"""The systems of five university course sheets as records, and one runner."""
