//! The states of activities and inspections.

use crate::record::codes::code_list;

code_list! {
    /// The state of an activity or an inspection.
    State {
        Stated = 1 "stated" "已登记",
        Confirmed = 2 "confirmed" "已确认",
        Disputed = 3 "disputed" "有争议",
        Withdrawn = 4 "withdrawn" "已撤回",
        Void = 5 "void" "无效",
        Unknown = 6 "unknown" "须升级后判定",
    }
}
