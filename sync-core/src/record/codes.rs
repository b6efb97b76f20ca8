//! Closed lists of the field: each value has a number on the wire, a name in JSON and a Chinese label.

/// Declares a closed list once: the enum, its wire number, JSON name, Chinese label and every codec.
macro_rules! code_list {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $number:literal $text:literal $zh:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $(#[doc = $zh] $(#[$vmeta])* $variant,)+ }

        impl $name {
            /// Every value, in wire order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];
            /// The number used on the wire; never reused.
            pub const fn number(self) -> u16 { match self { $(Self::$variant => $number,)+ } }
            /// The name used in JSON, data files and filters.
            pub const fn name(self) -> &'static str { match self { $(Self::$variant => $text,)+ } }
            /// The Chinese label that people read.
            pub const fn zh(self) -> &'static str { match self { $(Self::$variant => $zh,)+ } }
            /// The value with this wire number, if it is known to this version.
            pub fn from_number(number: u16) -> Option<Self> {
                Self::ALL.iter().copied().find(|v| v.number() == number)
            }
            /// The value with this name, if it is known to this version.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|v| v.name() == name)
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.name()) }
        }
        impl std::str::FromStr for $name {
            type Err = crate::record::codes::UnknownCode;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                Self::from_name(s).ok_or_else(|| crate::record::codes::UnknownCode {
                    list: stringify!($name), value: s.chars().take(40).collect(),
                })
            }
        }
        impl<C> minicbor::Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self, e: &mut minicbor::Encoder<W>, _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> { e.u16(self.number())?.ok() }
        }
        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
                let number = d.u16()?;
                Self::from_number(number).ok_or_else(|| minicbor::decode::Error::message(
                    concat!("unknown number in list ", stringify!($name))))
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> { s.serialize_str(self.name()) }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> { stringify!($name).into() }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "enum": [$($text,)+] })
            }
        }
    };
}

pub(crate) use code_list;

/// A name that is not in its list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is not a {list}")]
pub struct UnknownCode {
    /// The list that was searched.
    pub list: &'static str,
    /// The given value (at most 40 characters of it).
    pub value: String,
}

code_list! {
    /// The role of a person in the campaign (one for each event).
    Role {
        GridWorker = 1 "grid_worker" "网格员",
        Volunteer = 2 "volunteer" "志愿者",
        CommunityOfficer = 3 "community_officer" "社区干部",
        PropertyPatrol = 4 "property_patrol" "物业巡查员",
        PropertyManager = 5 "property_manager" "物业项目经理",
        OwnersCommittee = 6 "owners_committee" "业委会",
        StreetOfficer = 7 "street_officer" "街道",
        CountyReviewer = 8 "county_reviewer" "县级住建",
        CityReviewer = 9 "city_reviewer" "市州住建",
        ProvinceReviewer = 10 "province_reviewer" "省厅",
        FireOfficer = 11 "fire_officer" "消防救援",
        PoliceOfficer = 12 "police_officer" "公安派出所",
        UrbanMgmtOfficer = 13 "urban_mgmt_officer" "城管",
        OtherDept = 14 "other_dept" "其他部门",
        CovertInspector = 15 "covert_inspector" "暗访组",
        Dpo = 16 "dpo" "个人信息保护负责人",
        System = 17 "system" "系统规则",
    }
}

impl Role {
    /// Whether people in this role review what others report: they read the ledger of their area, and a part of each
    /// document's size limit is reserved for them.
    pub const fn reviews(self) -> bool {
        matches!(
            self,
            Self::StreetOfficer
                | Self::CountyReviewer
                | Self::CityReviewer
                | Self::ProvinceReviewer
                | Self::FireOfficer
                | Self::PoliceOfficer
                | Self::UrbanMgmtOfficer
                | Self::Dpo
        )
    }
}

code_list! {
    /// Grade of a hazard. Only fire-rescue confirms a major hazard (G3).
    Grade {
        G1 = 1 "G1" "一般", G2 = 2 "G2" "较大", G3Suspected = 3 "G3_suspected" "疑似重大", G3 = 4 "G3" "重大",
    }
}

code_list! {
    /// The kind of spot in a compound.
    LocationKind {
        Lobby = 1 "lobby" "公共门厅", Corridor = 2 "corridor" "疏散走道", Stairwell = 3 "stairwell" "楼梯间",
        Anteroom = 4 "anteroom" "前室", Exit = 5 "exit" "安全出口", Pilotis = 6 "pilotis" "架空层",
        LightWell = 7 "light_well" "采光井", AirShaft = 8 "air_shaft" "天井", LiftCar = 9 "lift_car" "电梯轿厢",
        LiftLobby = 10 "lift_lobby" "电梯厅", Basement = 11 "basement" "地下室",
        SemiBasement = 12 "semi_basement" "半地下室", Garage = 13 "garage" "车库",
        FireLane = 14 "fire_lane" "消防车通道", LadderGround = 15 "ladder_ground" "登高操作场地",
        Separation = 16 "separation" "防火间距", CompoundGate = 17 "compound_gate" "小区出入口",
        Window = 18 "window" "外窗", Balcony = 19 "balcony" "阳台", Facade = 20 "facade" "外墙",
        Roof = 21 "roof" "屋面", PipeShaft = 22 "pipe_shaft" "管道井", CableShaft = 23 "cable_shaft" "电缆井",
        ControlRoom = 24 "control_room" "消防控制室", PumpRoom = 25 "pump_room" "消防水泵房",
        PowerRoom = 26 "power_room" "配电房", EbikeSite = 27 "ebike_site" "停放充电场所",
        WastePoint = 28 "waste_point" "大件垃圾点", Shop = 29 "shop" "底商", Refuge = 30 "refuge" "避难层",
        Dwelling = 31 "dwelling" "户内", PmcOffice = 32 "pmc_office" "物业用房", Bridge = 33 "bridge" "连廊",
        Other = 34 "other" "其他",
    }
}

code_list! {
    /// Coordinate reference system of a position, as the device reported it.
    Crs {
        Wgs84 = 1 "wgs84" "WGS-84", Gcj02 = 2 "gcj02" "GCJ-02", Bd09 = 3 "bd09" "BD-09",
        Cgcs2000 = 4 "cgcs2000" "CGCS2000", Unknown = 5 "unknown" "未知",
    }
}

code_list! {
    /// The source of a position.
    PositionSource {
        Satellite = 1 "satellite" "卫星", Network = 2 "network" "基站或无线网", Exif = 3 "exif" "照片信息",
        Manual = 4 "manual" "手工标注",
    }
}

code_list! {
    /// What a photo shows in the chain of evidence.
    PhotoRole {
        Before = 1 "before" "整改前", After = 2 "after" "整改后", Patrol = 3 "patrol" "巡查",
        Document = 4 "document" "文书", Poster = 5 "poster" "张贴", Other = 6 "other" "其他",
    }
}

code_list! {
    /// How a photo came to the device; anything but `in_app` is weak evidence of time and place.
    PhotoSource {
        InApp = 1 "in_app" "现场拍摄", Gallery = 2 "gallery" "相册", Im = 3 "im" "微信转发",
        Scanner = 4 "scanner" "扫描", Unknown = 5 "unknown" "未知",
    }
}

code_list! {
    /// How a hazard was found.
    FindingSource {
        Patrol = 1 "patrol" "日常巡查", Inspection = 2 "inspection" "专项检查", SelfCheck = 3 "self_check" "自查",
        PublicReport = 4 "public_report" "群众举报", TransferredIn = 5 "transferred_in" "移交",
        Covert = 6 "covert" "暗访", JointOperation = 7 "joint_operation" "联合执法", Backfill = 8 "backfill" "补录",
    }
}

code_list! {
    /// How an author tried to dissuade.
    DissuasionMethod {
        Oral = 1 "oral" "口头", WrittenNotice = 2 "written_notice" "书面", PostedNotice = 3 "posted_notice" "张贴",
        Phone = 4 "phone" "电话", Im = 5 "im" "微信", HouseVisit = 6 "house_visit" "入户",
        VehicleMoved = 7 "vehicle_moved" "挪车",
    }
}

code_list! {
    /// The result of a dissuasion.
    DissuasionResult {
        Complied = 1 "complied" "已改正", Promised = 2 "promised" "承诺改正", Refused = 3 "refused" "拒绝",
        AbsentNotified = 4 "absent_notified" "不在场已告知",
    }
}

code_list! {
    /// The result that the receiving department reports.
    TransferOutcome {
        Ordered = 1 "ordered" "已责令整改", Fixed = 2 "fixed" "已整改", Verified = 3 "verified" "已整改并核实",
        Unfounded = 4 "unfounded" "核查不实",
    }
}

code_list! {
    /// Why a hazard is escalated to the government.
    EscalationClass {
        Prominent = 1 "prominent" "突出问题", Regional = 2 "regional" "区域性问题", Legacy = 3 "legacy" "历史遗留问题",
    }
}

code_list! {
    /// The decision of the government.
    GovOutcome {
        Order = 1 "order" "责令整改", Rectify = 2 "rectify" "组织整改",
    }
}

code_list! {
    /// The stage of an escalated hazard.
    GovStage {
        Received = 1 "received" "政府已收文", Meeting = 2 "meeting" "已开会研究", LeadNamed = 3 "lead_named" "已明确牵头部门",
        Progress = 4 "progress" "推进中", Solved = 5 "solved" "已解决待复查",
    }
}

code_list! {
    /// The stage of a penalty case.
    PenaltyStage {
        Considered = 1 "considered" "拟立案", Filed = 2 "filed" "已立案", Investigated = 3 "investigated" "已调查",
        Notice = 4 "notice" "已告知", Decided = 5 "decided" "已决定", OnSpotDecision = 6 "on_spot_decision" "当场决定",
        Served = 7 "served" "已送达", Performed = 8 "performed" "已履行", Enforced = 9 "enforced" "强制执行",
        Closed = 10 "closed" "已结案",
    }
}

code_list! {
    /// The kind of an inspection.
    InspectionKind {
        Daily = 1 "daily" "日常巡查", Monthly = 2 "monthly" "防火检查", Special = 3 "special" "专项检查",
        Flying = 4 "flying" "飞行检查", Covert = 5 "covert" "暗访", SelfCheck = 6 "self" "自查自改",
        Recheck = 7 "recheck" "复查", Dept = 8 "dept" "督导",
    }
}

code_list! {
    /// What was found about an item.
    Finding {
        Ok = 1 "ok" "正常", Problem = 2 "problem" "有问题", NotApplicable = 3 "na" "不适用",
        NotReached = 4 "not_reached" "未查到", Given = 5 "given" "已填写",
    }
}

code_list! {
    /// The role in which an inspection is signed.
    SignedAs {
        Inspector = 1 "inspector" "检查人员", Inspected = 2 "inspected" "被检查单位", Refused = 3 "refused" "拒签",
    }
}

code_list! {
    /// The result of an inspection.
    InspectionResult {
        Passed = 1 "passed" "未发现问题", Problems = 2 "problems" "发现问题", Stopped = 3 "stopped" "中止检查",
    }
}
