"""What happens, in order: the flows, the command line and the sources they serve."""
