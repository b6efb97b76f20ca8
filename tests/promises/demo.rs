//! The week of the demo contains what it announces: each conflict with its reason, a suggestion, a sealed report, a
//! late arrival.

use cli_simulator::demo::play;

#[test]
fn the_week_shows_every_conflict_with_its_reason_and_what_came_late() {
    let folder = tempfile::tempdir().unwrap();
    let listen = ([127, 0, 0, 1], 0).into();
    let played = play(folder.path(), listen, &mut |_, _, _| {}).unwrap();
    let text = played.ledger.text();
    for told in [
        "C-06 ",
        "C-08 ",
        "C-10 ",
        "C-14 ",
        "待裁定",
        "异议成立，由审核员辛「裁定冲突」认定",
        "C-40 ",
        "异议成立，由审核员辛「销号」认定",
        "中止",
        "办结中止",
        "waits for a decision",
        "HS96 重复合并",
        "很可能重复",
        "反馈移交结果",
        "提请政府",
        "政府决定",
        "登记于 2024-03-27T12:00:00Z",
    ] {
        assert!(text.contains(told), "{told} is missing in:\n{text}");
    }
    assert!(!text.contains("无效"), "no event is void:\n{text}");
    played.runtime.block_on(played.app.stop()).unwrap();
}
