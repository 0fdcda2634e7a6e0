"""`facelatch calibrate`: what distances measured on site say of the threshold."""
