"""Papers as pages: bytes in, bytes out; knows no store, no key and no act.

paper.py    what a paper is made of: the print, who has signed, what travels inside
signs.py    which signs a page may show; every other one is shown by its number
layout.py   the order of the parts of each kind of paper, for both the PDF and the HTML page
fonts.py    which family of type there is, looked at before it is used
qr.py       the square that leads to the page about a paper
render.py   the PDF, by Typst; templates/ holds the pages in the format of Decree 30
html.py     the same words as an HTML page, for whoever signs
covers.py   pages that come from no print: the cover of a dossier, lists, the matrix
manifest.py the list of a dossier's files, and what is sealed of it
zipper.py   the ZIP of a dossier: the same members give the same bytes
verify.py   checks a dossier; stands in each, imports nothing of ours and is imported by nothing

Typst and segno are imported here alone, inside functions (`pyproject.toml`).
"""
