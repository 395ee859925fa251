"""Standards as data: services, limits, targets and the clause each comes from."""
