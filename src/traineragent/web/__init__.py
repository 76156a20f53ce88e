"""The web page: describe, upload, watch the four agents, read the report, try the model.

A page over the journal and the run folders: it keeps no truth of its own. `server.run_ui` is the way in.
"""
