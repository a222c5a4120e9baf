"""Whether a store can be trusted: rules that pass, warn or fail, and the page and JSON of what they found."""
