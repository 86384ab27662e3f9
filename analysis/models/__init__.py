"""Pooling, and everything that fits effects: estimators, intervals and the results they return."""
