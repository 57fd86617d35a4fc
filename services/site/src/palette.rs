//! The colours that follow from the accent: whatever it is, the words on it and in it can be read (WCAG 2.2, 1.4.3).

use crate::settings::Color;

/// What words in the accent stand on: the paper where it is light, the card where it is dark.
const LIGHT: Color = Color([0xfb, 0xf8, 0xf4]);
const DARK: Color = Color([0x24, 0x1f, 0x1b]);
/// How far words stand out; 4.5 is needed.
const CONTRAST: f64 = 5.0;

/// The rule of the stylesheet that gives the colours their names.
pub(crate) fn variables(accent: Color) -> String {
    let on = if accent.is_dark() { "#fff" } else { "#000" };
    let (light, dark) = (readable(accent, LIGHT, Color([0; 3])), readable(accent, DARK, Color([255; 3])));
    format!(":root{{--accent:{accent};--on-accent:{on};--ink-light:{light};--ink-dark:{dark}}}")
}

/// The accent, mixed with as much of another colour as it takes to be read on the paper.
fn readable(accent: Color, paper: Color, with: Color) -> Color {
    let mixed = (0..=20).map(|step| mix(accent, with, step));
    mixed.into_iter().find(|color| contrast(*color, paper) >= CONTRAST).unwrap_or(with)
}

/// So many twentieths of the other colour.
fn mix(one: Color, other: Color, step: u16) -> Color {
    let part = |place: usize| (u16::from(one.0[place]) * (20 - step) + u16::from(other.0[place]) * step) / 20;
    Color([0, 1, 2].map(|place| u8::try_from(part(place)).unwrap_or(u8::MAX)))
}

fn contrast(one: Color, other: Color) -> f64 {
    let (one, other) = (one.luminance() + 0.05, other.luminance() + 0.05);
    one.max(other) / one.min(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_any_accent_are_read_in_light_and_dark() {
        for parts in [[0x7a, 0x1f, 0x2b], [0xff, 0xd7, 0], [0; 3], [255; 3], [0, 255, 0], [0, 0, 255], [0x80, 0x80, 0x80]] {
            let accent = Color(parts);
            assert!(contrast(readable(accent, LIGHT, Color([0; 3])), LIGHT) >= 4.5, "{accent} in light");
            assert!(contrast(readable(accent, DARK, Color([255; 3])), DARK) >= 4.5, "{accent} in dark");
        }
        let rule = variables(Color([0x7a, 0x1f, 0x2b]));
        assert!(rule.starts_with(":root{--accent:#7a1f2b;--on-accent:#fff;--ink-light:#7a1f2b;--ink-dark:#"), "{rule}");
    }
}
