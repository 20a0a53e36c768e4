"""From a Keras file to the model that is served: compiled, tried out, stored, and pointed at last.

``apart.py`` compiles in a process of its own (``child.py``), ``release.py`` stores and moves the pointer,
``publisher.py`` does both for files that appear in a bucket.
"""
