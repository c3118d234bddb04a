"""What every other package stands on: times in PBX seconds, places in files, problems with a file, spelling."""
