"""The parts of a PSD or PSB as they lie in the file, nothing unpacked."""
