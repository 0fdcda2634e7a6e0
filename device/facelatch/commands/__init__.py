"""The commands of `facelatch`, one module each: `add_arguments` and `run`."""
