//! Market making by formula; the list of strategies.
