"""From the bytes of a file to display values, and from those to the network's input.

Pillow and pydicom live here. What they raise, warn and log does not leave these modules.
"""
