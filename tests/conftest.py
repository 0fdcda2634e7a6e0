"""Settings for every test: property tests draw the same cases everywhere, and no time limit fails them."""

from hypothesis import settings

settings.register_profile("seeded", derandomize=True, deadline=None, max_examples=60, database=None)
settings.load_profile("seeded")
