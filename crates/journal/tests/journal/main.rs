//! The journal through its door, in one program: it links once.

mod allocations;
mod common;
mod damage;
mod kill;
mod writing;

#[global_allocator]
static ALLOCATOR: testkit::allocations::Counting = testkit::allocations::Counting;
