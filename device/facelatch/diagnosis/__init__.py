"""`facelatch doctor`: what a board and its camera tell of themselves, judged in plain words."""
