"""What every part speaks: values, ports, messages, rings, compiled code, errors."""
