"""What use cases return and read, as files that people open: CSV, XLSX, the Vietnamese words of states in them.

sheets          the words: states, capacities, scopes, days
matrix_columns  the tables of a matrix      matrix_files   as CSV and JSON
matrix_pdf      on paper, ten columns
matrix_book     as a workbook               matrix_legend  what its words, letters and colours mean
template        what an import reads: headers, an example, what each column means
job_exports     a matrix as a job, where a request would wait too long
"""
