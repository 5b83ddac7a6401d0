//! Tests of the naive model with logs written by hand.

mod end;
mod faults;
mod rules;
mod script;
