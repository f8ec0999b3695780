//! Which characters a reader does not see, or sees in another place than they stand.
//!
//! The one list for hosts, for what is printed and for what policies say. Knows characters only; who escapes, drops or
//! refuses them decides that itself.

/// Whether a character changes what a reader sees without being seen: control characters (C0, DEL, C1, which hold the
/// ANSI introducers), separators that break lines, formats that reorder or hide text, and letters that are blank.
///
/// From Unicode 17: `Default_Ignorable_Code_Point` of DerivedCoreProperties.txt (joiners, fillers, variation selectors,
/// tags), the separators of lines and paragraphs, the marks of interlinear annotation and of shorthand, and Braille
/// without a dot, which is no space to Unicode and nothing to a reader.
pub fn is_hidden(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_control();
    }
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_nobody_sees_are_hidden() {
        let ranges = [
            '\u{0}'..='\u{1f}',
            '\u{7f}'..='\u{9f}',
            '\u{ad}'..='\u{ad}',
            '\u{34f}'..='\u{34f}',
            '\u{61c}'..='\u{61c}',
            '\u{115f}'..='\u{1160}',
            '\u{17b4}'..='\u{17b5}',
            '\u{180b}'..='\u{180f}',
            '\u{200b}'..='\u{200f}',
            '\u{2028}'..='\u{202e}',
            '\u{2060}'..='\u{206f}',
            '\u{2800}'..='\u{2800}',
            '\u{3164}'..='\u{3164}',
            '\u{fe00}'..='\u{fe0f}',
            '\u{feff}'..='\u{feff}',
            '\u{ffa0}'..='\u{ffa0}',
            '\u{fff0}'..='\u{fffb}',
            '\u{1d173}'..='\u{1d17a}',
            '\u{e0000}'..='\u{e0fff}',
        ];
        for character in ranges.into_iter().flatten() {
            assert!(is_hidden(character), "{}", character.escape_unicode());
        }
    }

    #[test]
    fn letters_that_are_seen_are_not() {
        for character in "az AZ 09 -_.~`'\"ß東京한ب😀…é".chars() {
            assert!(!is_hidden(character), "{character}");
        }
    }
}
