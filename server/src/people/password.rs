//! The rules for passwords.

use std::{collections::HashSet, sync::LazyLock};

use sync_core::wire::Code;

use crate::refusal::Refusal;

/// Characters of a password at least.
pub(super) const LEAST: usize = 12;
/// Bytes of a password at most.
pub(super) const MOST: usize = 256;
/// Earlier passwords, the present one included, that a new password must differ from.
pub(super) const HISTORY: i64 = 5;
/// Characters of a login name that a password must not contain, at least: shorter ones are parts of many words.
const LEAST_OWN: usize = 4;
/// A password made of a shorter part that repeats is refused up to this length of the part.
const PART: usize = 6;

/// Passwords of 12 and more characters that people use most.
static COMMON: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

fn unfit(why: &str) -> Refusal {
    Refusal::new(Code::PasswordUnfit, format!("password: {why}"))
}

/// Whether a text repeats a short part, or counts up or down.
fn is_simple(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    let repeats = |part: usize| chars.iter().zip(&chars[part..]).all(|(a, b)| a == b);
    let by = |step: i32| {
        chars.windows(2).all(|pair| {
            let (a, b) = (pair[0] as i32, pair[1] as i32);
            let wraps = pair[0] == '9' && pair[1] == '0' && step == 1;
            b - a == step || wraps
        })
    };
    (1..=PART).any(repeats) || by(1) || by(-1)
}

/// Checks a new password of an account with this login name.
///
/// # Errors
/// [`Code::PasswordUnfit`] that names the rule.
pub(super) fn check(password: &str, login: &str) -> Result<(), Refusal> {
    if password.chars().count() < LEAST {
        return Err(unfit("至少12个字符 / 12 characters at least"));
    }
    if password.len() > MOST {
        return Err(unfit("最多256字节 / 256 bytes at most"));
    }
    let lower = password.to_lowercase();
    let own = login.chars().count() >= LEAST_OWN && lower.contains(login);
    if own || login.contains(&lower) {
        return Err(unfit("不能包含登录名 / it must not contain the login name"));
    }
    if COMMON.contains(lower.as_str()) || is_simple(&lower) {
        return Err(unfit(
            "太常见或太简单 / it is among the most common ones, or too simple",
        ));
    }
    Ok(())
}

/// The refusal of a password that was used before.
pub(super) fn used_before() -> Refusal {
    unfit("不能与最近5次的密码相同 / it must differ from the last 5")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_common_simple_and_own_names_are_refused() {
        for wrong in [
            "elf zeichen",
            "1qaz2wsx3edc",
            "1QAZ2wsx3EDC",
            "woaini1314520",
            "abcabcabcabcabc",
            "aaaaaaaaaaaaa",
            "abcdefghijklm",
            "12345678901234",
            "987654321098".trim_end_matches("098"),
            "wang.san2024!",
            &"长".repeat(100),
        ] {
            assert!(check(wrong, "wang.san").is_err(), "{wrong}");
        }
        for right in [
            "correct horse battery",
            "三江口的夜晚很安静呢啊",
            "Jk8-tulpen-Rot9",
        ] {
            let length = right.chars().count();
            assert_eq!(check(right, "wang.san").is_ok(), length >= LEAST, "{right}");
        }
    }
}
