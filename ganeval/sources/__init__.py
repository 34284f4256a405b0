"""What SRC may be: folders, archives, data sets, mixtures, runs, statistics files and user code."""
