"""How good a model and its maps are on labelled images, through the service's own way of the data."""
