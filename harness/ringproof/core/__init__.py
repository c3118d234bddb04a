"""Types and functions that every other package uses: PBX seconds, places in files, problems with a file, spelling."""
