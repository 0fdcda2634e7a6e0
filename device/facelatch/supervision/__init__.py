"""Whether a camera and its supply can be trusted, and what to try when not; pure, time is passed in."""
