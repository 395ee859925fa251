"""Files of many hands become checked tables and a network.  This room alone opens inputs."""
