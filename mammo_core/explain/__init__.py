"""From the evidence of a prediction to a map."""
