"""The event door: objects that appeared in a bucket, analysed one by one, results in another bucket.

``door.py`` tells the events apart, ``notification.py`` reads them, ``each.py`` goes through their objects,
also for the publisher, ``worker.py`` does the work, ``results.py`` keeps it. Nothing here is imported before
the first event that is not HTTP.
"""
