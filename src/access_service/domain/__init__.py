"""The rules: values and pure functions; standard library only; no clock, no input or output.

names         ids and closed vocabularies       reasons, text the public codes and their sentences
time          instants and intervals            vietnamese    the order of names
errors        the error tree                    audit         events, chained
org           units, edges, school years, classes, people, duties
accounts      accounts, suspensions, custody    scope         what part of the records something is about
policy        a pack as values                  documents     papers, signatures and their life
delegation    who may hand what to whom         access        what stands behind an account, and a decision
"""
