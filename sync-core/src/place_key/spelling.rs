//! The spelling of a label: width, invisible characters, variants of characters, spaces, and numbers within a name.

use super::numeral::{is_bare_scale, is_numeral, number, trimmed};

/// Words after a number that make it a number also within a longer label, such as 二期三栋.
const COUNTED: [char; 13] = [
    '期', '区', '组', '排', '号', '栋', '座', '楼', '单', '层', '门', '梯', '#',
];

/// Directions and heavenly stems: with letters and numbers they make up labels that are codes, such as 东三 and 甲2.
const SIGNS: &str = "东西南北中前后左右甲乙丙丁戊己庚辛壬癸";

/// A label in half width and lower case, without invisible characters and spaces, with one variant of each character.
///
/// A space between two numbers stays: `1 11` and `11 1` are two labels.
pub(super) fn plain(label: &str) -> String {
    let mut text: Vec<char> = Vec::new();
    for c in label.chars().filter(|c| !is_invisible(*c)) {
        match c {
            '№' => text.extend(['n', 'o']),
            c if c.is_whitespace() => text.push(' '),
            c => text.extend(variant(c).to_lowercase()),
        }
    }
    let mut spaced: Vec<char> = Vec::new();
    for (at, c) in text.iter().enumerate() {
        let next = text[at..].iter().find(|c| **c != ' ').copied();
        let between =
            || spaced.last().copied().is_some_and(is_numeral) && next.is_some_and(is_numeral);
        if *c != ' ' || between() {
            spaced.push(*c);
        }
    }
    let is_ordinal = |at: usize| {
        let rest = &spaced[at..];
        rest[0] == '第'
            && rest
                .iter()
                .find(|c| **c != '第')
                .is_some_and(|c| is_numeral(*c))
    };
    let kept = (0..spaced.len()).filter(|at| !is_ordinal(*at));
    let text: String = kept.map(|at| spaced[at]).collect();
    let is_mark = |c: char| "。，、；：,;:!?·\"'“”‘’".contains(c);
    let text = text.trim_start_matches(is_mark);
    text.trim_end_matches(|c| is_mark(c) || c == '.').to_owned()
}

/// Whether a character is not displayed: format characters, joiners, marks of direction, variation selectors.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{e0000}'..='\u{e0fff}'
    ) || (c.is_control() && !c.is_whitespace())
}

/// The variant that stands for a character: half width, simplified, one dash, one number sign.
fn variant(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => {
            let half = char::from_u32(u32::from(c) - 0xfee0);
            half.map_or(c, variant)
        }
        '棟' | '幢' => '栋',
        '樓' => '楼',
        '號' => '号',
        '層' => '层',
        '單' => '单',
        '門' => '门',
        '東' => '东',
        '區' => '区',
        '組' => '组',
        '負' => '负',
        '後' => '后',
        '﹟' | '♯' => '#',
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' => '-',
        // The separator of place keys.
        '/' => '\u{2215}',
        other => other,
    }
}

/// Whether a label is a code: letters, numbers, directions, stems.
pub(super) fn is_code(text: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || is_numeral(c) || SIGNS.contains(c);
    text.chars().any(part)
        && text
            .chars()
            .all(|c| part(c) || matches!(c, '-' | '.' | ' '))
}

/// Spells the numbers of a label in digits without leading zeros.
///
/// In a code every number is spelled so, in a name only one at the end or before a counted word: 百花 keeps its 百.
pub(super) fn numbers(text: &str) -> String {
    let code = is_code(text);
    let chars: Vec<char> = text.chars().collect();
    let (mut spelled, mut at) = (String::new(), 0);
    while let Some(&c) = chars.get(at) {
        if !is_numeral(c) {
            spelled.push(c);
            at += 1;
            continue;
        }
        let length = chars[at..].iter().take_while(|c| is_numeral(**c)).count();
        let run: String = chars[at..at + length].iter().collect();
        let before = at.checked_sub(1).map(|before| chars[before]);
        let after = chars.get(at + length);
        let counted = after.is_none_or(|after| COUNTED.contains(after));
        // 小百 is a name, 百 alone is a number.
        let named = run.chars().all(is_bare_scale) && before.is_some_and(|c| !c.is_ascii());
        let decimal = before == Some('.');
        let found = match number(&run) {
            Some(_) if decimal => None,
            Some(n) if code || (counted && !named) => Some(n),
            _ if run.bytes().all(|b| b.is_ascii_digit()) => Some(trimmed(&run)),
            _ => None,
        };
        spelled += found.as_ref().unwrap_or(&run);
        at += length;
    }
    spelled
}

/// A label without these endings, as often as one of them is there; a label is never stripped of everything.
pub(super) fn without_endings<'t>(mut text: &'t str, endings: &[&str]) -> &'t str {
    let without = |text: &'t str| {
        let rests = endings.iter().filter_map(|end| text.strip_suffix(end));
        rests.map(str::trim_end).find(|rest| !rest.is_empty())
    };
    while let Some(rest) = without(text) {
        text = rest;
    }
    text
}
