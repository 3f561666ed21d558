//! Lines out of pieces of a text, each with its place. A line longer than a decoder expects is not kept: it is told
//! as such when it ends, so that a file without line feeds takes no memory and no second search.

/// One line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// Of its first byte.
    pub(super) offset: u64,
    /// From 1.
    pub(super) number: u64,
    /// Its bytes with its line feed, if it has one.
    pub(super) length: u64,
    /// Without its line feed; `None` when it is too long.
    pub(super) text: Option<&'a [u8]>,
}

/// Where the next line starts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lines {
    offset: u64,
    number: u64,
    /// What was thrown away of a line that is too long and has not ended.
    gone: u64,
}

impl Lines {
    /// At the start of a text.
    pub(super) const NEW: Self = Self { offset: 0, number: 0, gone: 0 };

    /// Shows every whole line of `bytes`, answers how many bytes were taken.
    pub(super) fn split<'a>(&mut self, bytes: &'a [u8], max: usize, mut show: impl FnMut(Line<'a>)) -> usize {
        let mut taken = 0;
        while let Some(end) = bytes[taken..].iter().position(|byte| *byte == b'\n') {
            self.one(&bytes[taken..taken + end], 1, max, &mut show);
            taken += end + 1;
        }
        let rest = bytes.len() - taken;
        if rest > max || (self.gone > 0 && rest > 0) {
            self.gone += len64(rest);
            taken = bytes.len();
        }
        taken
    }

    /// Shows what is left, a last line without a line feed.
    pub(super) fn finish<'a>(&mut self, rest: &'a [u8], max: usize, mut show: impl FnMut(Line<'a>)) {
        let taken = self.split(rest, max, &mut show);
        if taken < rest.len() || self.gone > 0 {
            self.one(&rest[taken..], 0, max, &mut show);
        }
    }

    #[inline]
    fn one<'a>(&mut self, text: &'a [u8], feed: u64, max: usize, show: &mut impl FnMut(Line<'a>)) {
        self.number += 1;
        let fits = self.gone == 0 && text.len() <= max;
        let length = self.gone + len64(text.len()) + feed;
        show(Line { offset: self.offset, number: self.number, length, text: fits.then_some(text) });
        self.offset += length;
        self.gone = 0;
    }
}

fn len64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &[u8], step: usize) -> Vec<(u64, u64, u64, Option<Vec<u8>>)> {
        let (mut lines, mut shown, mut window) = (Lines::NEW, Vec::new(), Vec::new());
        let note = |line: Line<'_>, shown: &mut Vec<_>| {
            shown.push((line.offset, line.number, line.length, line.text.map(<[u8]>::to_vec)));
        };
        for piece in text.chunks(step) {
            window.extend_from_slice(piece);
            let taken = lines.split(&window, 4, |line| note(line, &mut shown));
            window.drain(..taken);
            assert!(window.len() <= 4, "nothing is kept beyond a line");
        }
        lines.finish(&window, 4, |line| note(line, &mut shown));
        shown
    }

    #[test]
    fn pieces_make_no_difference_and_long_lines_are_told_once() {
        let text = b"ab\n\nabcde\nabcd\nabcdefghijkl\nx";
        let expected = vec![
            (0, 1, 3, Some(b"ab".to_vec())),
            (3, 2, 1, Some(vec![])),
            (4, 3, 6, None),
            (10, 4, 5, Some(b"abcd".to_vec())),
            (15, 5, 13, None),
            (28, 6, 1, Some(b"x".to_vec())),
        ];
        for step in 1..=text.len() {
            assert_eq!(shown(text, step), expected, "in pieces of {step}");
        }
        assert_eq!(shown(b"", 1), []);
        assert_eq!(shown(b"abcdefgh", 3), [(0, 1, 8, None)]);
    }
}
