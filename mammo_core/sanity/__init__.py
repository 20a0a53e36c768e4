"""`mammo check`: whether a model's explanation behaves as one that depends on the model should."""
