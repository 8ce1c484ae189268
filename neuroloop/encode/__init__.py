"""Encoders: readings become spikes."""
