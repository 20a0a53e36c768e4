"""What the service does with AWS beyond reading a file: objects with versions, links, queues.

The clients and the meaning of their errors are those of :mod:`mammo_core.storage`.
"""
