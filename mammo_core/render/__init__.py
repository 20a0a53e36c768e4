"""The five pictures of an answer, drawn in memory: only here are there colours, fonts and encoders."""
