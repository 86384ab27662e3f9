"""Tables in: what a column may hold, trials read and checked, effect sizes made from them."""
