//! The patterns of `like`.

/// A pattern, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    parts: Vec<Part>,
    prefix: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// This character.
    Character(char),
    /// `_`: any character.
    One,
    /// `%`: any number of characters.
    Many,
}

impl Pattern {
    pub(crate) fn new(pattern: &str) -> Self {
        let mut parts = Vec::new();
        let mut characters = pattern.chars();
        while let Some(character) = characters.next() {
            let part = match character {
                '%' => Part::Many,
                '_' => Part::One,
                // At the end it stands for itself.
                '\\' => Part::Character(characters.next().unwrap_or('\\')),
                other => Part::Character(other),
            };
            if part != Part::Many || parts.last() != Some(&Part::Many) {
                parts.push(part);
            }
        }
        let character = |part: &Part| if let Part::Character(character) = part { Some(*character) } else { None };
        let prefix = parts.iter().map_while(character).collect();
        Pattern { parts, prefix }
    }

    /// What every text begins with that it describes.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Whether it describes the whole of a text. Where it does not go on, the last `%` takes one character more: no stack,
    /// and at most text x pattern steps.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let (mut rest, mut at) = (text.chars(), 0);
        // Behind the last `%`, and the text that it has not taken yet.
        let mut retry: Option<(usize, std::str::Chars<'_>)> = None;
        loop {
            let before = rest.clone();
            let goes_on = match (self.parts.get(at), rest.next()) {
                (Some(Part::Many), _) => {
                    at += 1;
                    rest = before.clone();
                    retry = Some((at, before));
                    continue;
                }
                (None, None) => return true,
                (Some(Part::One), Some(_)) => true,
                (Some(Part::Character(wanted)), Some(found)) => *wanted == found,
                _ => false,
            };
            if goes_on {
                at += 1;
                continue;
            }
            let Some((behind, taken)) = &mut retry else { return false };
            if taken.next().is_none() {
                return false;
            }
            (at, rest) = (*behind, taken.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the definition: each part in turn, every way tried.
    fn slowly(parts: &[Part], text: &[char]) -> bool {
        match parts.split_first() {
            None => text.is_empty(),
            Some((Part::Many, rest)) => (0..=text.len()).any(|taken| slowly(rest, &text[taken..])),
            Some((part, rest)) => text.split_first().is_some_and(|(first, text)| {
                (*part == Part::One || *part == Part::Character(*first)) && slowly(rest, text)
            }),
        }
    }

    #[test]
    fn patterns_describe_what_their_definition_says() {
        let words = |letters: &[char], longest: u32| {
            let number = |n: usize, length: u32| {
                (0..length).map(|place| letters[n / letters.len().pow(place) % letters.len()]).collect::<String>()
            };
            let of_length = |length| (0..letters.len().pow(length)).map(move |n| (n, length));
            (0..=longest).flat_map(of_length).map(|(n, length)| number(n, length)).collect::<Vec<String>>()
        };
        let texts = words(&['a', 'é'], 5);
        for pattern in words(&['a', 'é', '%', '_'], 4) {
            let parsed = Pattern::new(&pattern);
            for text in &texts {
                let characters: Vec<char> = text.chars().collect();
                assert_eq!(parsed.matches(text), slowly(&parsed.parts, &characters), "{pattern} {text}");
                assert!(!parsed.matches(text) || text.starts_with(parsed.prefix()));
            }
        }
        assert!(Pattern::new(r"100\%").matches("100%") && !Pattern::new(r"100\%").matches("1000"));
        assert!(Pattern::new(r"a\").matches(r"a\"));
    }
}
