//! Bytes in a record, as a string in which each byte is one character (Latin-1): readable where
//! the bytes are text, and exact always. For serde's `with` attribute.

use serde::{Deserialize, Deserializer, Serializer, de::Error};

pub(crate) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&bytes.iter().map(|&b| char::from(b)).collect::<String>())
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    String::deserialize(from)?
        .chars()
        .map(|c| u8::try_from(c).map_err(|_| D::Error::custom("a character above U+00FF")))
        .collect()
}
