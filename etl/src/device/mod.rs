//! Tables whose columns lie on a device, and the verbs that run there.
