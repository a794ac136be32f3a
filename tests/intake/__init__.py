"""What platforms export, and what hostile hands could make of it, on the way into submitted/."""
