"""Ensembles: candidates, their training in one wave, selection, joint prediction."""
