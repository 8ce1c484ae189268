"""What users need to test their own robots, networks and parts without hardware.

============================== ================================================================
`testing.scripted`             a sensor that says what a test wrote down, also in run files
`testing.recording`            an actuator that keeps every motion, also in run files
`testing.ports`                `check_source`, `check_actuator`, `check_sink`
`testing.kernels`              `check_neuron`, `check_synapse`, `check_encoder`, `check_decoder`,
                               `check_guard`
`testing.transducers`          `check_transducer`: an encoder that works at its sensor
`testing.camera_server`        a network camera that shows, and fails, as a test wants
`testing.event_sender`         events over UDP, as an event camera's board sends them
`testing.virtual_microphone`   a sound device that hears what a test plays
============================== ================================================================

The checks raise `ContractError`, which says what promise of the port a part breaks.
"""
