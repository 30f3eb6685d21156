"""Jobs: a container contract in a folder, a subprocess in it, its data and logs moved under its role."""
