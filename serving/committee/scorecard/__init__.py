"""The scorecard: hospitals, practices and clinicians beside what was to be expected of them."""
