"""Care that is due: how likely each open gap is to stay open, and whom a campaign calls first."""
