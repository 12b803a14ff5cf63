//! Finds the course's folder, and exercises and tasks by the names that somebody typed.

use crate::failure::Failure;
use anyhow::{Result, bail};
use forklings_model::{Course, Exercise, Task};
use std::env;
use std::path::{Path, PathBuf};

/// The folder of the course: the root `Cargo.toml`, `exercises/` and `grader/`.
#[derive(Debug)]
pub(crate) struct Repository {
    /// Its absolute path.
    pub(crate) root: PathBuf,
}

impl Repository {
    /// Finds it: as named, else from the current folder upwards, else around this program, which
    /// cargo builds inside it.
    pub(crate) fn find(named: Option<&Path>) -> Result<Self> {
        if let Some(folder) = named {
            let root = folder.canonicalize().map_err(|error| {
                Failure::BadInput(format!("cannot use {}: {error}", folder.display()))
            })?;
            return match is_root(&root) {
                true => Ok(Self { root }),
                false => Err(Failure::BadInput(format!(
                    "{} holds no course: it needs Cargo.toml, exercises/course.yaml and grader/",
                    root.display()
                ))
                .into()),
            };
        }
        let places = [env::current_dir().ok(), env::current_exe().ok()];
        let root = places
            .iter()
            .flatten()
            .find_map(|place| place.ancestors().find(|folder| is_root(folder)));
        match root {
            Some(root) => Ok(Self { root: root.to_owned() }),
            None => Err(Failure::BadInput(
                "there is no course here; go to its folder, or name it with `--course DIR`".into(),
            )
            .into()),
        }
    }

    /// The exercises' folder.
    pub(crate) fn exercises(&self) -> PathBuf {
        self.root.join("exercises")
    }

    /// Reads the course.
    pub(crate) fn course(&self) -> Result<Course> {
        Ok(forklings_course::load(&self.exercises())?)
    }
}

fn is_root(folder: &Path) -> bool {
    folder.join("Cargo.toml").is_file()
        && folder.join("exercises/course.yaml").is_file()
        && folder.join("grader").is_dir()
}

/// The exercise with this id.
pub(crate) fn exercise<'a>(course: &'a Course, id: &str) -> Result<&'a Exercise> {
    course.exercise(id).ok_or_else(|| {
        let ids = course.exercises().map(|exercise| exercise.id.as_str());
        unknown("exercise", id, ids, "`forklings list` shows all")
    })
}

/// The task with this id.
pub(crate) fn task<'a>(exercise: &'a Exercise, id: &str) -> Result<&'a Task> {
    exercise.task(id).ok_or_else(|| {
        let ids = exercise.tasks.iter().map(|task| task.id.as_str());
        let all: Vec<&str> = ids.clone().collect();
        let all = format!("`{}` has {}", exercise.id, all.join(", "));
        unknown("task", id, ids, &all)
    })
}

/// An exercise and one of its driver's scenarios, for commands that run one.
pub(crate) fn scenario<'a>(
    course: &'a Course,
    id: &str,
    scenario: Option<&'a str>,
) -> Result<(&'a Exercise, &'a str)> {
    let exercise = exercise(course, id)?;
    let Some(scenario) = scenario else {
        let id = &exercise.id;
        let which = format!("name one of its scenarios too: `cargo run -p {id}` lists them");
        bail!(Failure::Usage(which));
    };
    Ok((exercise, scenario))
}

/// A name that nothing has, with the nearest of those that are known, and where to find all.
pub(crate) fn unknown<'a>(
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'a str>,
    all: &str,
) -> anyhow::Error {
    let likeness = |known: &str| strsim::jaro_winkler(name, known);
    let near = known
        .map(|known| (likeness(known), known))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let tip = near.map_or(String::new(), |(_, near)| format!("; did you mean `{near}`?"));
    Failure::Usage(format!("no {what} is called `{name}`{tip} ({all})")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_suggested_and_a_far_one_is_not() {
        let say =
            |name| unknown("task", name, ["reap_one", "limited"].into_iter(), "x").to_string();
        assert_eq!(say("reap-one"), "no task is called `reap-one`; did you mean `reap_one`? (x)");
        assert_eq!(say("42"), "no task is called `42` (x)");
    }
}
