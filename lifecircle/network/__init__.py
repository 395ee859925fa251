"""The walking network as arrays: building it, attaching places to it, walking it."""
