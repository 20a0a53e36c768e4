"""What can be measured on the pixels alone: polarity, breast mask, chest-wall side, laterality."""
