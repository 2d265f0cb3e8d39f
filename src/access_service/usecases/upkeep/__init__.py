"""What an operator does to keep the register: backups and their return, evidence checked, the machine examined."""
