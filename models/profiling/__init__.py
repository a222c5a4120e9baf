"""How providers are set beside what was to be expected of them: statistics of units, as functions of arrays."""
