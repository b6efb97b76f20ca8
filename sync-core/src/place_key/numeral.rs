//! Numbers as people write them: digits, Chinese numerals in full, financial numerals, enclosed numbers.
//!
//! A text that has two readings, such as `一百二` (102 or 120), is no number: it then equals only itself.

/// The number of an enclosed character, such as `③`, `⑶`, `㈢`, `㉓`.
pub(super) fn enclosed(c: char) -> Option<u32> {
    let ranges = [
        ('\u{2460}', '\u{2473}', 1),
        ('\u{2474}', '\u{2487}', 1),
        ('\u{2488}', '\u{249b}', 1),
        ('\u{24ea}', '\u{24ea}', 0),
        ('\u{24eb}', '\u{24f4}', 11),
        ('\u{24f5}', '\u{24fe}', 1),
        ('\u{24ff}', '\u{24ff}', 0),
        ('\u{2776}', '\u{277f}', 1),
        ('\u{2780}', '\u{2789}', 1),
        ('\u{278a}', '\u{2793}', 1),
        ('\u{3220}', '\u{3229}', 1),
        ('\u{3251}', '\u{325f}', 21),
        ('\u{3280}', '\u{3289}', 1),
        ('\u{32b1}', '\u{32bf}', 36),
    ];
    let range = ranges
        .iter()
        .find(|(from, to, _)| (*from..=*to).contains(&c));
    range.map(|(from, _, first)| u32::from(c) - u32::from(*from) + first)
}

/// The value of a Chinese digit, plain or financial.
fn digit(c: char) -> Option<u32> {
    Some(match c {
        '零' | '〇' | '○' | '◯' => 0,
        '一' | '壹' | '弌' | '⼀' => 1,
        '二' | '贰' | '貳' | '弍' | '两' | '兩' | '⼆' => 2,
        '三' | '叁' | '參' | '叄' | '参' | '弎' => 3,
        '四' | '肆' => 4,
        '五' | '伍' => 5,
        '六' | '陆' | '陸' => 6,
        '七' | '柒' => 7,
        '八' | '捌' | '⼋' => 8,
        '九' | '玖' => 9,
        _ => return None,
    })
}

/// The value of 十, 百, 千 and their financial forms.
fn scale(c: char) -> Option<u32> {
    Some(match c {
        '十' | '拾' | '⼗' => 10,
        '百' | '佰' => 100,
        '千' | '仟' => 1000,
        _ => return None,
    })
}

/// The value of 廿, 卅, 卌: tens in one character.
fn tens(c: char) -> Option<u32> {
    Some(match c {
        '廿' => 20,
        '卅' => 30,
        '卌' => 40,
        _ => return None,
    })
}

fn is_pair(c: char) -> bool {
    matches!(c, '两' | '兩')
}

/// Whether a character can be part of a number.
pub(super) fn is_numeral(c: char) -> bool {
    c.is_ascii_digit()
        || digit(c).is_some()
        || is_bare_scale(c)
        || tens(c).is_some()
        || enclosed(c).is_some()
}

/// Whether a character only multiplies: alone it is more often part of a name than a number.
pub(super) fn is_bare_scale(c: char) -> bool {
    scale(c).is_some()
}

/// A number in ASCII digits without leading zeros; `None` if the text is no number or has several readings.
pub(super) fn number(text: &str) -> Option<String> {
    let chars: Vec<char> = text.chars().collect();
    if chars.is_empty() || chars.len() > 24 {
        return None;
    }
    if let [one] = chars.as_slice()
        && let Some(value) = enclosed(*one)
    {
        return Some(value.to_string());
    }
    if chars.iter().all(char::is_ascii_digit) {
        return Some(trimmed(text));
    }
    let digits: Option<Vec<u32>> = chars.iter().map(|c| digit(*c)).collect();
    match digits {
        Some(_) if chars.len() > 1 && chars.iter().any(|c| is_pair(*c)) => None,
        // Positional: 一一八 is 118.
        Some(digits) => {
            let text: String = digits.iter().map(u32::to_string).collect();
            Some(trimmed(&text))
        }
        None => scaled(&chars).map(|value| value.to_string()),
    }
}

/// Digits without leading zeros.
pub(super) fn trimmed(digits: &str) -> String {
    let text = digits.trim_start_matches('0');
    if text.is_empty() { "0" } else { text }.to_owned()
}

/// A number with 十, 百, 千 or 廿, 卅, 卌, by the strict grammar: a scale that is left out is stated by 零.
fn scaled(chars: &[char]) -> Option<u32> {
    let (mut total, mut last, mut zero, mut at) = (0, 10_000, false, 0);
    while let Some(&c) = chars.get(at) {
        if digit(c) == Some(0) {
            if zero || total == 0 {
                return None;
            }
            (zero, at) = (true, at + 1);
            continue;
        }
        let following = chars.get(at + 1).and_then(|next| scale(*next));
        let (value, unit, length) = match (digit(c), following) {
            (Some(2), Some(10)) if is_pair(c) => return None,
            (Some(n), Some(unit)) => (n * unit, unit, 2),
            (Some(_), None) if is_pair(c) => return None,
            (Some(n), None) => (n, 1, 1),
            (None, _) => match tens(c) {
                Some(value) => (value, 10, 1),
                None => scale(c).map(|unit| (unit, unit, 1))?,
            },
        };
        let skips = total > 0 && unit * 10 < last;
        if unit >= last || skips != zero {
            return None;
        }
        (total, last, zero, at) = (total + value, unit, false, at + length);
    }
    (!zero).then_some(total)
}
