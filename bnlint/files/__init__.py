"""Files and text: which files there are, bytes to text and back, writing without damage."""
