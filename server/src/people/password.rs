//! The rules for passwords.

use sync_core::wire::Code;
use zxcvbn::{Score, zxcvbn};

use crate::refusal::Refusal;

/// Characters of a password at least.
pub(super) const LEAST: usize = 12;
/// Bytes of a password at most.
pub(super) const MOST: usize = 256;
/// Earlier passwords, the present one included, that a new password must differ from.
pub(super) const HISTORY: i64 = 5;
/// Characters of a login name that a password must not contain, at least: shorter ones are parts of many words.
const LEAST_OWN: usize = 4;
/// The least strength: more than 10^8 guesses by a program that knows common passwords, names, dates and keyboards.
const STRENGTH: Score = Score::Three;

/// Words that passwords here are often made of and that the program does not know: its words are English.
const COMMON: [&str; 16] = [
    "xuncha", "woaini", "aini", "1314520", "5201314", "1314", "520", "nihao", "zhongguo",
    "beijing", "mima", "wode", "admin", "zhangsan", "lisi", "wangwu",
];

fn unfit(why: &str) -> Refusal {
    Refusal::new(Code::PasswordUnfit, format!("password: {why}"))
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
    let known: Vec<&str> = COMMON.into_iter().chain([login]).collect();
    if zxcvbn(password, &known).score() < STRENGTH {
        return Err(unfit("太容易猜到 / it is easy to guess"));
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
            "zhangsan1314520",
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
