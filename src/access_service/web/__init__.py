"""Pages in Vietnamese: the same use cases, HTML out. So far the one page that a one-time link leads to.

activation.py  routes
activate.*     the page, its style, and the few lines that read the code from the link
"""
