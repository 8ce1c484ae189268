"""Synapse rules: one file each."""
