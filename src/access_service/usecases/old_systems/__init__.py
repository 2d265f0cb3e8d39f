"""Taking over what exists: ids of other systems, exports of theirs, rights that they have and no paper gives.

naming_ids     what people, accounts, units and classes are called elsewhere, and who is meant by an id
old_exports    a list of accounts read, matched, compared with paper, decided row by row
carrying_over  what follows: ids recorded, rows for the grid
"""
