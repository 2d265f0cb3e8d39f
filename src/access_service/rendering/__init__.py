"""What use cases return and read, as files that people open: CSV, XLSX, the Vietnamese words of states in them.

sheets        a matrix        template      what an import reads: headers, an example, what each column means
"""
