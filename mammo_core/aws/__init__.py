"""AWS: its clients and what their errors mean; objects with versions, links, queues."""
