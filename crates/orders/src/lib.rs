//! Our orders, from the moment risk passed them to the moment nothing more can happen to them.
