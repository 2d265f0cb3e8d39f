"""The grid of a unit: read from the school's own workbook or from last year, mended row by row, made into papers.

school_files    the workbook as text, bounded
grounds         what the rows of a draft are understood over
keeping         a draft begun, shown, mended, undone
saving          many rows at once, as a page sends them
reading_sheets  a file read into a draft, its columns remembered; a year renewed
propose_many    *Lập*: persons, duties, accounts, classes and papers of every ticked row
slips           the codes that open new accounts, drawn when they are handed out
"""
