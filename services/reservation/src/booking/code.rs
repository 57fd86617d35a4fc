//! The code of a booking: short, readable and unguessable.

/// Crockford's base 32: no I, L, O and U, so that nothing is misread and no word appears.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A new code: 8 characters, 40 bits from the operating system's secure source.
///
/// # Panics
/// Where the operating system has no randomness to give.
pub fn new() -> String {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    // 256 is a multiple of 32: every character is equally likely.
    bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_code_is_eight_characters_of_the_alphabet_and_another_each_time() {
        let codes: std::collections::HashSet<_> = (0..1000).map(|_| super::new()).collect();
        assert_eq!(codes.len(), 1000);
        assert!(codes.iter().all(|code| code.len() == 8 && code.bytes().all(|byte| super::ALPHABET.contains(&byte))));
    }
}
