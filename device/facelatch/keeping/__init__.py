"""What the lock's keeper decides: lines, pulses, button, contact and signs; pure, time is passed in."""
