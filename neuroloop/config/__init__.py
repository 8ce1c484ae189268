"""Run files, bodies and worlds: from TOML to typed values, or to an error in words."""
