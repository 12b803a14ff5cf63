//! The decisions of a run: which of how many choices was taken, each time there were several.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// One choice that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decision {
    /// Its position among the choices.
    pub picked: u16,
    /// How many choices there were; 0 where that was not recorded.
    pub of: u16,
}

impl Decision {
    /// Whether it can be taken among so many choices.
    #[must_use]
    pub fn fits(self, choices: usize) -> bool {
        usize::from(self.picked) < choices && (self.of == 0 || usize::from(self.of) == choices)
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of {
            0 => write!(f, "{}", self.picked),
            of => write!(f, "{}/{of}", self.picked),
        }
    }
}

impl FromStr for Decision {
    type Err = BadDecision;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || BadDecision(text.to_owned());
        let (picked, of) = match text.split_once('/') {
            Some((picked, of)) => (picked, of.parse().map_err(|_| bad())?),
            None => (text, 0),
        };
        let picked = picked.parse().map_err(|_| bad())?;
        if of != 0 && picked >= of {
            return Err(bad());
        }
        Ok(Self { picked, of })
    }
}

/// This is no decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadDecision(pub String);

impl fmt::Display for BadDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no decision such as 1/3", self.0)
    }
}

impl std::error::Error for BadDecision {}

/// The decisions of a run, in order. Written as text, `1/3 0/2`: the second of three choices, then
/// the first of two. Lists of bare numbers, which do not say of how many, are read too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Decisions(pub Vec<Decision>);

impl Decisions {
    /// The decision with this number, from 0.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<Decision> {
        self.0.get(number).copied()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was left to decide.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = Decision> {
        self.0.iter().copied()
    }
}

impl FromIterator<Decision> for Decisions {
    fn from_iter<I: IntoIterator<Item = Decision>>(decisions: I) -> Self {
        Self(decisions.into_iter().collect())
    }
}

impl fmt::Display for Decisions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, decision) in self.iter().enumerate() {
            let space = if n == 0 { "" } else { " " };
            write!(f, "{space}{decision}")?;
        }
        Ok(())
    }
}

impl FromStr for Decisions {
    type Err = BadDecision;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split_whitespace().map(str::parse).collect()
    }
}

impl Serialize for Decisions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decisions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Text(String),
            Numbers(Vec<u16>),
        }
        match Form::deserialize(deserializer)? {
            Form::Text(text) => text.parse().map_err(serde::de::Error::custom),
            Form::Numbers(numbers) => {
                Ok(numbers.into_iter().map(|picked| Decision { picked, of: 0 }).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_back_from_its_text() {
        let list: Decisions = [(1, 3), (0, 2), (4, 0)]
            .map(|(picked, of)| Decision { picked, of })
            .into_iter()
            .collect();
        assert_eq!(list.to_string(), "1/3 0/2 4");
        assert_eq!("1/3 0/2 4".parse(), Ok(list));
        assert_eq!("".parse(), Ok(Decisions::default()));
    }

    #[test]
    fn what_cannot_be_taken_is_no_decision() {
        for text in ["3/3", "x", "1/x", "-1/2", "1/2/3", "70000"] {
            assert_eq!(text.parse::<Decisions>(), Err(BadDecision(text.to_owned())));
        }
    }

    #[test]
    fn a_decision_fits_where_there_are_as_many_choices() {
        let of = |picked, of| Decision { picked, of };
        assert!(of(1, 3).fits(3));
        assert!(!of(1, 3).fits(2), "another number of choices");
        assert!(of(1, 0).fits(2), "a number of choices that was not recorded");
        assert!(!of(2, 0).fits(2), "out of range");
    }
}
