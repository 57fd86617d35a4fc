//! The icon of the pages: a plate on the accent colour.

use crate::settings::Color;

/// The icon for browsers that draw.
pub(crate) fn svg(accent: Color) -> String {
    let line = if accent.is_dark() { "#fff" } else { "#000" };
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="{accent}"/><g fill="none" stroke="{line}" stroke-width="2"><circle cx="16" cy="16" r="9.5"/><circle cx="16" cy="16" r="5.5"/></g></svg>"#
    )
}

/// The width and the height of the other icon, in pixels.
const SIZE: u8 = 16;

/// The icon for those that do not: a disc of the accent colour as a bitmap of 32 bits, in the container of `favicon.ico`.
pub(crate) fn ico(accent: Color) -> Vec<u8> {
    const HEADERS: u32 = 6 + 16;
    const BITMAP: u32 = 40;
    let size = u32::from(SIZE);
    // After the pixels the format wants a mask, whose rows are padded to four bytes. The pixels' own opacity is what counts.
    let (pixels, mask) = (size * size * 4, size * 4);
    let mut icon = Vec::new();
    icon.extend([0, 0, 1, 0, 1, 0, SIZE, SIZE, 0, 0, 1, 0, 32, 0]);
    icon.extend((BITMAP + pixels + mask).to_le_bytes());
    icon.extend(HEADERS.to_le_bytes());
    // The height counts the mask.
    for number in [BITMAP, size, size * 2] {
        icon.extend(number.to_le_bytes());
    }
    icon.extend([1, 0, 32, 0]);
    for number in [0, pixels + mask, 0, 0, 0, 0] {
        icon.extend(number.to_le_bytes());
    }
    let [red, green, blue] = accent.0;
    for row in 0..SIZE {
        for column in 0..SIZE {
            let from_centre = |place: u8| (f32::from(place) + 0.5) - f32::from(SIZE) / 2.0;
            let inside = from_centre(row).hypot(from_centre(column)) < f32::from(SIZE) / 2.0;
            icon.extend([blue, green, red, if inside { 255 } else { 0 }]);
        }
    }
    icon.extend(vec![0; mask as usize]);
    icon
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_icon_has_the_size_that_it_says() {
        let icon = ico(Color([0x7a, 0x1f, 0x2b]));
        assert_eq!(icon.len(), 22 + 40 + 16 * 16 * 4 + 16 * 4);
        assert_eq!(u32::from_le_bytes([icon[14], icon[15], icon[16], icon[17]]) as usize, icon.len() - 22);
        // The pixel in the middle, as blue, green, red and opacity.
        let middle = 22 + 40 + (8 * 16 + 8) * 4;
        assert_eq!(icon[middle..middle + 4], [0x2b, 0x1f, 0x7a, 255]);
        assert!(svg(Color([255; 3])).contains("#ffffff"));
    }
}
