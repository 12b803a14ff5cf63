//! What is kept of each file that was looked into, for as long as the file stays the same.

use crate::elf_file::Stamp;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// More than a run ever maps; a subject that maps files without end only empties the cache.
const MAX_MODULES: usize = 256;

/// What was made of files, by path. `None` is kept for files that nothing could be made of.
pub(crate) struct Modules<T> {
    known: HashMap<PathBuf, (Stamp, Option<Rc<T>>)>,
    load: fn(&Path) -> Option<T>,
}

impl<T> Modules<T> {
    pub(crate) fn new(load: fn(&Path) -> Option<T>) -> Self {
        Self { known: HashMap::new(), load }
    }

    /// Costs a `stat` at least; whoever asks often keeps the answer.
    pub(crate) fn get(&mut self, path: &Path) -> Option<Rc<T>> {
        let stamp = Stamp::of(path)?;
        if let Some((known, module)) = self.known.get(path)
            && *known == stamp
        {
            return module.clone();
        }
        if self.known.len() >= MAX_MODULES {
            self.known.clear();
        }
        let module = (self.load)(path).map(Rc::new);
        self.known.insert(path.to_owned(), (stamp, module.clone()));
        module
    }
}
