//! Beginnings that bring a world into situations that chance alone rarely reaches.
//!
//! A script has one step in a line: the replica, the event kind with a variant if that matters, and the role of the
//! author or the number of the step (from 0) whose author states it on another device. `sync` exchanges everything
//! between all replicas; `sync third` does so for the third replica and the server only, and the second learns the time
//! of the server. `wait` lets hours pass.

use sync_core::record::Role;

/// One step of a script.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step<'a> {
    /// A person in the role states an event on the replica.
    By(usize, &'a str, Role),
    /// The author of the step with this number states an event on the replica.
    Again(usize, &'a str, usize),
    /// All replicas exchange everything.
    Sync,
    /// The third replica and the server exchange everything.
    SyncThird,
    /// Hours pass.
    Wait(i64),
}

/// The steps of a script.
pub(crate) fn steps(script: &str) -> impl Iterator<Item = Step<'_>> {
    script.split(';').filter_map(|step| {
        let mut words = step.split_whitespace();
        let first = words.next()?;
        let (second, third) = (words.next(), words.next());
        match (first, second) {
            ("sync", None) => Some(Step::Sync),
            ("sync", Some(_)) => Some(Step::SyncThird),
            ("wait", Some(hours)) => hours.parse().ok().map(Step::Wait),
            (replica, Some(kind)) => by(replica.parse().ok()?, kind, third?),
            _ => None,
        }
    })
}

fn by<'a>(replica: usize, kind: &'a str, who: &str) -> Option<Step<'a>> {
    match who.strip_prefix('@') {
        Some(number) => Some(Step::Again(replica, kind, number.parse().ok()?)),
        None => Some(Step::By(replica, kind, Role::from_name(who)?)),
    }
}

/// The scripts.
pub(crate) const SCRIPTS: &[&str] = &[
    "sync; wait 30; sync; 1 recode grid_worker; sync;",
    "sync; wait 30; sync; 2 relocate grid_worker; sync;",
    "sync; wait 40; sync; 0 relocate grid_worker; 0 recode grid_worker; sync;",
    // C-40.
    "0 escalate county_reviewer; 0 gov_decision:rectify county_reviewer; \
     0 claim_fixed property_manager; 0 recheck_pass community_officer; sync; \
     1 gov_progress:solved county_reviewer; 2 close @5; sync; 1 close county_reviewer;",
    "0 escalate county_reviewer; 0 gov_decision:rectify county_reviewer; \
     0 claim_fixed property_manager; 0 recheck_pass community_officer; sync; \
     1 gov_progress:solved city_reviewer; 2 close @5; sync; 1 close city_reviewer;",
    "1 assign street_officer; 1 claim_fixed property_manager; \
     1 recheck_pass community_officer; sync; 1 recheck_pass county_reviewer; 2 close @4; \
     sync; 1 close county_reviewer;",
    "1 assign street_officer; 1 claim_fixed property_manager; \
     1 recheck_pass community_officer; sync; 1 recheck_pass fire_officer; 2 close @4; \
     sync; 1 close city_reviewer;",
    "1 assign street_officer; sync; 1 claim_fixed urban_mgmt_officer; 2 recheck_pass @2; \
     sync; 1 recheck_pass community_officer;",
    "1 assign street_officer; sync; 1 claim_fixed urban_mgmt_officer; 2 recheck_pass @2; \
     sync; 1 recheck_fail grid_worker;",
    "1 void community_officer; sync; 1 void county_reviewer; 2 observe @2; sync; \
     1 resolve county_reviewer;",
    "1 void community_officer; sync; 1 void county_reviewer; 2 assign street_officer; \
     sync; 1 resolve city_reviewer;",
    "1 void grid_worker; sync; 1 void county_reviewer; 2 observe @2; sync;",
    "1 void community_officer; 1 report grid_worker; sync; 1 void county_reviewer; \
     2 observe @3; 2 void county_reviewer;",
    // C-04, C-06, C-08.
    "1 fix_on_spot grid_worker; sync; 1 fix_on_spot property_manager;",
    "1 assign street_officer; 1 claim_fixed property_manager; sync; \
     1 recheck_pass community_officer; 2 recheck_fail grid_worker; sync; \
     1 resolve street_officer; 2 resolve county_reviewer; 1 close county_reviewer; sync; \
     1 recheck_fail county_reviewer",
    "1 escalate city_reviewer; 1 gov_progress:progress city_reviewer; \
     1 gov_progress:progress county_reviewer",
    "sync; 1 fix_on_spot property_manager; 2 report community_officer; sync; \
     1 resolve street_officer;",
    "sync; 1 fix_on_spot grid_worker; 2 dissuade:refused community_officer; sync; \
     1 resolve county_reviewer;",
    "1 fix_on_spot grid_worker; sync; 1 confirm_spot_fix street_officer; \
     2 recheck_fail grid_worker; sync; 1 claim_fixed property_manager; \
     1 recheck_pass county_reviewer;",
    "1 assign street_officer; sync; 1 claim_fixed property_manager; \
     2 recheck_fail grid_worker; sync; 1 claim_fixed property_manager; \
     1 recheck_pass community_officer;",
    // Transfers.
    "1 transfer county_reviewer; sync; 1 transfer_accept fire_officer; \
     2 transfer_withdraw county_reviewer; sync; 1 resolve county_reviewer;",
    "1 transfer county_reviewer; sync; 1 transfer_accept urban_mgmt_officer; \
     2 transfer_withdraw county_reviewer; sync; 1 resolve city_reviewer;",
    "1 transfer county_reviewer; sync; 1 transfer_accept fire_officer; \
     1 transfer_result:verified fire_officer; sync; 1 close county_reviewer;",
    "1 transfer county_reviewer; sync; 1 transfer_accept urban_mgmt_officer; \
     1 transfer_result:unfounded urban_mgmt_officer; 2 observe grid_worker; sync;",
    "1 transfer county_reviewer; sync; 1 transfer_accept county_reviewer; \
     1 transfer_result:ordered county_reviewer; sync;",
    "1 transfer county_reviewer; sync; 2 transfer_accept urban_mgmt_officer; \
     2 transfer_result:fixed urban_mgmt_officer; sync;",
    "1 transfer county_reviewer; sync; 1 transfer_accept fire_officer; sync; \
     1 start_rectify property_manager; 2 transfer_result:fixed fire_officer; sync; \
     1 transfer_result:verified fire_officer;",
    "1 transfer county_reviewer; sync; 1 transfer_accept fire_officer; \
     1 start_rectify property_manager; 1 transfer_result:ordered fire_officer; \
     1 transfer_result:unfounded fire_officer;",
    "sync; 1 transfer county_reviewer; 2 transfer street_officer; sync; \
     1 resolve city_reviewer;",
    "sync; 1 transfer street_officer; 2 transfer county_reviewer; sync; \
     1 transfer_return fire_officer; 1 transfer_accept urban_mgmt_officer;",
    // Penalty cases, escalations, merges.
    "sync; 1 penalty_link fire_officer; 2 mark_duplicate county_reviewer; sync; \
     1 penalty_link:closed fire_officer; sync; 1 resolve city_reviewer;",
    "sync; 1 penalty_link urban_mgmt_officer; 2 mark_duplicate street_officer; sync; \
     1 penalty_link:closed urban_mgmt_officer; sync; 2 resolve county_reviewer;",
    "sync; 1 order fire_officer; 2 mark_duplicate county_reviewer; sync; \
     1 unmerge county_reviewer;",
    "sync; 1 mark_duplicate county_reviewer; 2 report grid_worker; sync;",
    "sync; 1 mark_duplicate county_reviewer; 2 dissuade:refused community_officer; sync;",
    "1 dissuade:refused community_officer; sync; 1 mark_duplicate county_reviewer; \
     2 report grid_worker; sync;",
    "1 report grid_worker; sync; 1 mark_duplicate county_reviewer; \
     2 order street_officer; sync; 1 unmerge county_reviewer;",
    "1 assign street_officer; 1 claim_fixed property_manager; sync; \
     1 mark_duplicate county_reviewer; 2 recheck_pass community_officer; sync;",
    "1 order street_officer; sync; 1 mark_duplicate county_reviewer; \
     2 claim_fixed property_manager; sync;",
    "1 assign street_officer; 1 claim_fixed property_manager; \
     1 recheck_pass community_officer; sync; 1 close county_reviewer; \
     2 escalate county_reviewer; sync; 2 resolve city_reviewer;",
    "1 assign street_officer; 1 claim_fixed property_manager; \
     1 recheck_pass community_officer; sync; 1 close county_reviewer; \
     2 recheck_pass grid_worker; sync;",
    "1 assign street_officer; 1 claim_fixed property_manager; \
     1 recheck_pass community_officer; sync; 1 close county_reviewer; \
     2 mark_duplicate street_officer; 1 reopen grid_worker; sync;",
    "sync; 1 assign street_officer; 1 claim_fixed property_manager; \
     1 recheck_pass community_officer; 1 close county_reviewer; 2 order fire_officer; \
     2 claim_fixed urban_mgmt_officer; sync; 1 resolve street_officer;",
    "sync; 2 order street_officer; sync third; 1 assign street_officer; \
     1 claim_fixed property_manager; 1 recheck_pass community_officer; wait 1; \
     1 close fire_officer; 2 claim_fixed urban_mgmt_officer;",
    "sync; 1 assign street_officer; 1 claim_fixed property_manager; \
     1 recheck_pass community_officer; 1 close county_reviewer; \
     2 dissuade:refused community_officer; 2 report grid_worker; sync; \
     2 resolve city_reviewer;",
    "1 escalate city_reviewer; 1 gov_progress:received city_reviewer; sync; \
     1 gov_progress:progress county_reviewer; 1 gov_progress:progress city_reviewer; \
     1 gov_progress:solved city_reviewer; sync;",
    "1 escalate county_reviewer; 1 gov_progress:meeting city_reviewer; sync; \
     1 gov_progress:lead_named county_reviewer; 1 gov_progress:progress city_reviewer; \
     sync;",
    // Photos and grades.
    "1 assign street_officer; 1 claim_fixed property_manager; sync; \
     1 recheck_pass community_officer; 2 photo_role grid_worker; sync; \
     1 recheck_pass grid_worker;",
    "1 assign street_officer; 1 claim_fixed property_manager; sync; \
     1 recheck_pass grid_worker; 2 photo_role property_manager; sync; \
     1 resolve street_officer;",
    "1 assign street_officer; 1 claim_fixed property_manager; sync; \
     1 recheck_pass county_reviewer; 2 photo_role grid_worker; 1 close street_officer; \
     sync; 1 recheck_pass community_officer;",
    "1 assign street_officer; 1 claim_fixed property_manager; \
     1 recheck_pass community_officer; sync; 1 close street_officer; \
     2 regrade:G2 county_reviewer; sync; 1 close county_reviewer;",
    "1 assign street_officer; 1 claim_fixed property_manager; \
     1 recheck_pass community_officer; sync; 1 close county_reviewer; \
     2 regrade:G3 fire_officer; sync; 1 close city_reviewer;",
    "1 assign street_officer; 1 claim_fixed property_manager; \
     1 recheck_pass community_officer; sync; 1 mark_duplicate county_reviewer; \
     2 regrade:G3_suspected fire_officer; sync; 1 regrade:G1 fire_officer; \
     1 mark_duplicate county_reviewer;",
    "1 assign street_officer; 1 claim_fixed property_manager; \
     1 recheck_pass community_officer; sync; 1 mark_duplicate street_officer; \
     2 regrade:G2 county_reviewer; sync; 2 mark_duplicate county_reviewer;",
    "1 regrade:G3 fire_officer; sync; 1 regrade:G1 county_reviewer; \
     2 regrade:G2 fire_officer;",
    "sync; 1 regrade:G3 fire_officer; 2 regrade:G1 county_reviewer; sync;",
    "sync; 1 regrade:G3_suspected county_reviewer; 2 regrade:G1 county_reviewer; sync; \
     1 resolve city_reviewer;",
    "sync; 1 regrade:G2 county_reviewer; 2 regrade:G1 fire_officer; sync;",
    // Kinds, places, deadlines.
    "sync; 1 recode county_reviewer; 2 recode county_reviewer; sync; \
     1 resolve city_reviewer; 1 assign street_officer;",
    "1 assign street_officer; 1 claim_fixed property_manager; \
     1 recheck_pass community_officer; sync; 1 recode county_reviewer; \
     2 recode county_reviewer; 1 close city_reviewer; sync; 1 resolve city_reviewer;",
    "sync; 1 relocate county_reviewer; 2 relocate county_reviewer; sync; \
     1 resolve city_reviewer;",
    "1 assign street_officer; 1 claim_fixed property_manager; \
     1 recheck_pass community_officer; sync; 1 relocate county_reviewer; \
     2 relocate county_reviewer; 1 close fire_officer; sync; 1 resolve city_reviewer;",
    "sync; 1 order fire_officer; 2 order urban_mgmt_officer; sync; \
     1 resolve city_reviewer; 1 extend_deadline county_reviewer;",
    "1 order fire_officer; 1 claim_fixed property_manager; sync; \
     1 recheck_fail grid_worker; 2 recheck_pass community_officer; sync; \
     2 resolve street_officer; 1 recheck_fail community_officer;",
];
