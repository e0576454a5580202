//! Insertions into a text.

/// What is put into a text, and what is said of it.
#[derive(Default)]
pub(super) struct Edits {
    insertions: Vec<(usize, String)>,
    /// For people, in the order in which they are said.
    pub(super) messages: Vec<String>,
}

impl Edits {
    /// Puts text before the byte at a place. What is put at one place stands in the order in which it was put there.
    pub(super) fn insert(&mut self, at: usize, text: String) {
        self.insertions.push((at, text));
    }

    /// The text with all insertions.
    pub(super) fn apply(&self, text: &str) -> String {
        let mut insertions: Vec<&(usize, String)> = self.insertions.iter().collect();
        insertions.sort_by_key(|(at, _)| *at);
        let mut changed = String::new();
        let mut done = 0;
        for (at, inserted) in insertions {
            changed.push_str(&text[done..*at]);
            changed.push_str(inserted);
            done = *at;
        }
        changed.push_str(&text[done..]);
        changed
    }
}
