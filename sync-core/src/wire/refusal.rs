//! Refusals: one list of codes for both sides, each with what to do.

use minicbor::{Decode, Encode};

use crate::record::codes::code_list;

code_list! {
    /// Why a request, a pack, a change or a photo was refused. The names are stable; the labels are shown to people.
    Code {
        // The whole request.
        Malformed = 1 "malformed" "内容损坏，请重试；若反复出现请升级应用",
        TooLarge = 2 "too-large" "内容过大，请分批发送",
        UpgradeNeeded = 3 "upgrade-needed" "版本过旧，请升级应用；记录仍保存在手机上",
        SessionExpired = 4 "session-expired" "会话已过期，将自动重新登录",
        DeviceUnknown = 5 "device-unknown" "服务器不认识这台手机，请网格长重新登记；记录仍保存在手机上",
        DeviceRevoked = 6 "device-revoked" "这台手机已停用，请联系管理员；记录仍保存在手机上",
        OutOfScope = 7 "out-of-scope" "不在您的管辖范围内",
        NotFound = 8 "not-found" "没有找到",
        Busy = 9 "busy" "服务器繁忙，请稍后再试",
        StorageFull = 10 "storage-full" "服务器存储已满，请联系管理员；记录仍保存在手机上",
        CodeInvalid = 11 "code-invalid" "登记码无效、已用过或已过期，请重新索取",
        Internal = 12 "internal" "服务器内部错误，请稍后再试",
        BadFilter = 13 "bad-filter" "查询条件有误，请检查后重试",
        TooMany = 14 "too-many" "今日用量或尝试次数已达上限，请稍后再试；记录仍保存在手机上",
        TooSlow = 15 "too-slow" "发送太慢，将自动重试",
        Clock = 16 "clock" "服务器时钟异常，暂不办理，请联系管理员核对时间；记录仍保存在手机上",
        // People who sign in.
        SignedOut = 80 "signed-out" "登录已结束，请重新登录",
        SignInRefused = 81 "sign-in-refused" "登录名、密码或验证码不正确",
        CodeNeeded = 82 "second-factor-needed" "请输入动态验证码",
        PasswordUnfit = 83 "password-unfit" "密码不符合要求，请换一个",
        PasswordOld = 84 "password-change-needed" "请先修改密码",
        ProofNeeded = 85 "step-up-needed" "请再次输入密码或验证码后办理",
        CrossSite = 86 "cross-site" "请求来自其他网站，未予办理",
        AccountExists = 87 "account-exists" "该人员或登录名已有账号",
        // One pack.
        PackFork = 20 "pack-fork" "同一台手机有两份副本在发送，将自动接续",
        PackSignature = 21 "pack-signature" "签名与内容不符，内容可能被改动",
        // One change.
        MissingDependencies = 30 "missing-dependencies" "缺少前序记录，将自动补发",
        Equivocation = 31 "equivocation" "手机被复制或恢复过，将自动换号重发",
        ForgedAuthor = 32 "forged-author" "记录的作者与手机不符",
        Quarantined = 33 "quarantined" "已收下待管理员核查",
        DocumentFull = 34 "document-full" "该隐患记录已达上限，请新建记录",
        // One photo.
        PhotoUnreadable = 40 "photo-unreadable" "不是完整的照片，请重新选择",
        PhotoTooLarge = 41 "photo-too-large" "照片尺寸过大，请缩小后再传",
        PhotoHashMismatch = 42 "photo-hash-mismatch" "照片内容与登记的不符，将重新上传",
        UploadOffset = 43 "upload-offset" "续传位置不符，将从服务器记录的位置继续",
        ChecksumMismatch = 44 "checksum-mismatch" "传输有误，将重传本段",
        UploadGone = 45 "upload-gone" "上传已过期或已撤销，将重新开始",
        TusVersion = 46 "tus-version" "上传协议版本不受支持，请升级应用",
        // Figures and reports.
        LedgerBehind = 60 "ledger-behind" "台账尚未跟上日志，请稍后再试",
        ReportExists = 61 "report-exists" "同一地区同一时段的报表已经封存，如需更正请指明所更正的版本",
        ReportStep = 62 "report-step" "报表当前环节不能这样办理，请查看报表的办理记录",
        ReportDamaged = 63 "report-damaged" "封存的报表与其摘要不符，内容可能被改动，请联系管理员",
        RegionsCircular = 70 "regions-circular" "区划隶属关系成环，无法汇总，请联系管理员更正区划表",
    }
}

impl Code {
    /// What happened and what to do, in English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Malformed => {
                "the content is damaged; try again, and update the app if it keeps happening"
            }
            Self::TooLarge => "the content is too large; send it in parts",
            Self::UpgradeNeeded => {
                "this version is too old; update the app; your records are kept on the phone"
            }
            Self::SessionExpired => "the session has expired; it is renewed automatically",
            Self::DeviceUnknown => {
                "the server does not know this phone; your records are kept; ask your grid leader to enrol it again"
            }
            Self::DeviceRevoked => {
                "this phone was disabled; your records are kept; ask your administrator"
            }
            Self::OutOfScope => "this is outside your area",
            Self::NotFound => "not found",
            Self::Busy => "the server is busy; try again later",
            Self::StorageFull => {
                "the server's storage is full; your records are kept; tell the administrator"
            }
            Self::CodeInvalid => "the code is invalid, used or expired; ask for a new one",
            Self::Internal => "an internal error; try again later",
            Self::BadFilter => "the query is not understood; check its parameters",
            Self::TooMany => {
                "the day's share or the number of tries is used up; try again later; your records are kept"
            }
            Self::TooSlow => "sending took too long; it is sent again automatically",
            Self::Clock => {
                "the server's clock cannot be right, so it signs nothing; tell the administrator; your records are kept"
            }
            Self::SignedOut => "the session has ended; sign in again",
            Self::SignInRefused => "the login name, the password or the code is wrong",
            Self::CodeNeeded => "send the code of the second factor too",
            Self::PasswordUnfit => "the password does not meet the rules; choose another one",
            Self::PasswordOld => "change the password first",
            Self::ProofNeeded => "give the password or the code again, then repeat the request",
            Self::CrossSite => "the request came from another site; nothing was done",
            Self::AccountExists => "the person or the login name has an account already",
            Self::PackFork => {
                "two copies of one phone are sending; the phone continues from the server's position"
            }
            Self::PackSignature => {
                "the signature does not fit the content; it may have been altered"
            }
            Self::MissingDependencies => {
                "earlier records are missing; they are sent again automatically"
            }
            Self::Equivocation => {
                "the phone was copied or restored; it takes a new number and sends again"
            }
            Self::ForgedAuthor => "the author of the record does not fit the phone",
            Self::Quarantined => "received and kept for an administrator to check",
            Self::DocumentFull => "this hazard has reached its limit; open a new record",
            Self::PhotoUnreadable => "not a complete photo; choose it again",
            Self::PhotoTooLarge => "the photo has too many pixels; make it smaller",
            Self::PhotoHashMismatch => {
                "the photo is not the one that was announced; it is sent again"
            }
            Self::UploadOffset => "the upload continues from the server's position",
            Self::ChecksumMismatch => "the transfer was faulty; this part is sent again",
            Self::UploadGone => "the upload has expired or was ended; start it again",
            Self::TusVersion => "this tus version is not spoken here; update the app",
            Self::LedgerBehind => "the ledger has not caught up with the log; try again soon",
            Self::ReportExists => {
                "a report of this area and period is sealed already; name the version you correct"
            }
            Self::ReportStep => "the report does not stand where this step begins; see its steps",
            Self::ReportDamaged => {
                "the sealed report does not fit its digest, it may have been altered; tell the administrator"
            }
            Self::RegionsCircular => {
                "areas report to each other in a circle, so nothing can be added up; ask the administrator to correct the table of regions"
            }
        }
    }

    /// Whether the same request can succeed later.
    pub const fn is_transient(self) -> bool {
        matches!(
            self,
            Self::Busy
                | Self::StorageFull
                | Self::Internal
                | Self::SessionExpired
                | Self::LedgerBehind
                | Self::TooMany
                | Self::TooSlow
                | Self::Clock
        )
    }
}

/// A refusal with its detail.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Problem {
    /// The code.
    #[n(0)]
    pub code: Code,
    /// What was wrong and where, in English.
    #[n(1)]
    pub detail: String,
}

impl Problem {
    /// A refusal with its detail.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
        }
    }
}
