//! Whole policies, compiled and asked.

mod decisions;
mod digests;
mod explained;
mod generator;
mod properties;
mod refused;
mod step_up;
mod workloads;
mod world;
