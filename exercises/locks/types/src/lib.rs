//! The types of `locks` make misuse impossible: `cargo test -p locks-types` lets the compiler judge
//! them. This library is empty; it exists because a package needs a target of its own.
