"""A synthetic province as import files: what `scripts/make-province` writes.

places.py    list of administrative units → the places of one province
network.py   places → department, divisions, offices, schools, centres
names.py     synthetic Vietnamese names
dates.py     the dates of one school year's delegation, in the order paper first demands
words.py     the pack's roles, positions and kinds that are used here
teaching.py  classes, subjects, and who teaches what
papers.py    people, accounts, assignments, minutes, commitments and grants of one office
build.py     walks the network and writes every row
sheets.py    the import format: sheets, columns, CSV and XLSX writers
"""
