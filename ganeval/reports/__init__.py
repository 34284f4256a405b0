"""Reports as files, and the folders of runs that hold them. Imports no torch."""
