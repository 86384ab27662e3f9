"""What this project is for: arms side by side, what is left, whether it is worthwhile, and what is claimed."""
