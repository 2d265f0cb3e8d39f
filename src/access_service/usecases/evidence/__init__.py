"""What may be read and proved: matrix, explanation, papers, log. Changes no fact; may record that it was read."""
