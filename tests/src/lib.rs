//! The test kit: a server without sockets, simulated devices at its other end, and time that
//! tests move.
