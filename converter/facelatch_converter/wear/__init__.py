"""What people wear and grow: glasses, hats, hair, beards, masks, scarves, and hands before the face."""
