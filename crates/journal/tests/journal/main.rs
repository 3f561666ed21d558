//! The journal through its door, in one program: it links once.

mod allocations;
mod common;
mod damage;
mod disk;
mod disks;
mod forger;
mod golden;
mod kill;
mod mutations;
mod policies;
mod segments;
mod signing;
mod writing;

#[global_allocator]
static ALLOCATOR: testkit::allocations::Counting = testkit::allocations::Counting;
