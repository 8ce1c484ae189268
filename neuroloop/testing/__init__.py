"""What users need to test their own robots, networks and parts without hardware."""
