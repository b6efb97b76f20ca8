//! The people of the month: four counties of two cities and of a county that is a city, each with five devices.

use std::ops::Range;

use cli_simulator::{phone::Phone, world::Compound};
use sync_core::photo::sample_jpeg;
use sync_core::record::{
    AreaPath, CompoundId, DAY_MS, DeviceTime, LogEpoch, OrganId, PersonId, PhotoRef, PhotoRole,
    PhotoSource, Role, ServerTime,
};
use xuncha_server::{
    access::{Invitation, invite},
    storage::spaces,
};

use crate::support::{
    MORNING, Town,
    province::{COUNTIES, SPLIT, WUCHANG, ZONE, area},
};

pub(super) const PROVINCE: &str = "420000";
pub(super) const WUHAN: &str = "420000/420100";
pub(super) const HUANGSHI: &str = "420000/420200";
/// A county that also counts as a city.
pub(super) const XIANTAO: &str = "420000/429004";
/// The county that moves from Wuhan to Huangshi.
pub(super) const MOVING: &str = COUNTIES[1];
pub(super) const CITIES: [&str; 3] = [WUHAN, HUANGSHI, XIANTAO];

/// The counties with people.
pub(super) const PLACES: [&str; 4] = [WUCHANG, MOVING, COUNTIES[3], XIANTAO];

/// What a person does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Post {
    /// A grid worker of one grid.
    Grid,
    /// A grid worker of the whole county, who rechecks.
    Second,
    Manager,
    Officer,
    Reviewer,
}

const POSTS: [(Post, Role); 5] = [
    (Post::Grid, Role::GridWorker),
    (Post::Second, Role::GridWorker),
    (Post::Manager, Role::PropertyManager),
    (Post::Officer, Role::StreetOfficer),
    (Post::Reviewer, Role::CountyReviewer),
];

/// A person with a device.
pub(super) struct Member {
    pub(super) post: Post,
    /// Index in `PLACES`.
    pub(super) county: usize,
    pub(super) person: PersonId,
    pub(super) phone: Phone,
    /// The days without a network.
    pub(super) away: Range<usize>,
    /// The newest photos, with the role and the part of the month that they were taken in.
    shots: Vec<(PhotoRole, usize, PhotoRef)>,
}

impl Member {
    /// How many of the county's compounds the person's grant covers, the first ones.
    pub(super) fn reach(&self) -> u64 {
        match self.post {
            Post::Grid | Post::Officer => 2,
            _ => 3,
        }
    }

    /// A photo in this role; every ten days another one is taken.
    pub(super) fn shot(&mut self, role: PhotoRole, day: usize) -> PhotoRef {
        let part = day / 10;
        let known = self.shots.iter().find(|s| (s.0, s.1) == (role, part));
        if let Some((_, _, shot)) = known {
            return shot.clone();
        }
        let [person, ..] = self.person.0;
        let seed = u64::from(person) * 1000 + (part * 10) as u64 + u64::from(role.number());
        let bytes = sample_jpeg(seed, 160, 120, None);
        let device = &mut self.phone.device;
        let shot = device.add_photo(&bytes, role, PhotoSource::InApp).unwrap();
        self.shots.push((role, part, shot.clone()));
        shot
    }
}

/// The organisation of a post in a county. The manager's company works in all counties.
pub(super) fn organ(county: usize, post: Post) -> OrganId {
    let kind = match post {
        Post::Grid | Post::Second => 1,
        Post::Manager => return OrganId([99; 16]),
        Post::Officer => 3,
        Post::Reviewer => 4,
    };
    OrganId([10 * (county as u8 + 1) + kind; 16])
}

/// The number of a county's person, as it is the number of a token.
pub(super) fn person(county: usize, n: usize) -> u8 {
    10 * (county as u8 + 1) + n as u8
}

fn street(county: &str) -> String {
    format!("{county}/{}001", &county[county.len() - 6..])
}

fn grid(county: &str, n: usize) -> String {
    let code = &county[county.len() - 6..];
    format!("{}/{code}001001/G{n:02}", street(county))
}

/// Three compounds of a county. The third of Wuchang lies in the community that reports to the zone.
pub(super) fn compounds(county: usize) -> Vec<Compound> {
    let place = PLACES[county];
    let third = match place {
        WUCHANG => format!("{SPLIT}/G01"),
        _ => grid(place, 2),
    };
    let grids = [grid(place, 1), grid(place, 1), third];
    let made = (0..).zip(["清风苑", "明月里", "向阳院"]).zip(grids);
    made.map(|((n, name), grid)| Compound {
        id: CompoundId([100 + 10 * county as u8 + n; 16]),
        name,
        grid: area(&grid),
    })
    .collect()
}

/// Regions and compounds, as an administrator imports them on the first day.
fn register(town: &Town) {
    let made = town.app().storage.write(|tx| {
        for (n, county) in (1..).zip(PLACES) {
            spaces::create(tx, &area(county), LogEpoch([n; 8]))?;
        }
        Ok::<_, xuncha_server::storage::StorageError>(())
    });
    town.runtime.block_on(made).unwrap();
    let mut regions = format!(
        "path,name,level,report_parent\n{ZONE},东湖高新区,functional_area,\n{SPLIT},示范社区,community,{ZONE}\n"
    );
    let mut text = "id,path,name,pmc,pmc_name,buildings\n".to_owned();
    for (county, place) in PLACES.iter().enumerate() {
        let level = if *place == XIANTAO {
            "city county"
        } else {
            "county"
        };
        regions += &format!("{place},示范县{},{level},\n", &place[place.len() - 6..]);
        for (n, compound) in compounds(county).iter().enumerate() {
            let company = match n {
                2 => ",".to_owned(),
                n => format!("{},物业", OrganId([99 - n as u8; 16])),
            };
            let (id, path, name) = (compound.id, &compound.grid, compound.name);
            text += &format!("{id},{path},{name},{company},1栋:2;2栋;3栋\n");
        }
    }
    let import = town.import_regions(&regions);
    assert!(import.written, "{import:?}");
    let import = town.import_compounds(&text);
    assert!(import.written, "{import:?}");
}

/// The area of a person's grant.
fn granted(post: Post, county: &str) -> AreaPath {
    match post {
        Post::Grid => area(&grid(county, 1)),
        Post::Officer => area(&street(county)),
        _ => area(county),
    }
}

/// The days that a device is without a network: a week for one person of each county.
fn away(post: Post, county: usize) -> Range<usize> {
    match (post, county) {
        (Post::Second, 0) => 4..11,
        (Post::Grid, 1) => 10..17,
        (Post::Manager, 2) => 17..24,
        (Post::Officer, 3) => 18..25,
        _ => 0..0,
    }
}

/// Enrols the devices of every county, after the register was imported.
pub(super) fn enrolled(town: &Town) -> Vec<Member> {
    register(town);
    let mut members = Vec::new();
    for (county, place) in PLACES.iter().enumerate() {
        for (n, (post, role)) in (1..).zip(POSTS) {
            let number = person(county, n);
            let folder = town.folder.path().join(format!("member-{number}"));
            let seed = u64::from(number);
            let mut phone = Phone::simulated(&folder, seed, DeviceTime(MORNING)).unwrap();
            phone.clock.as_ref().unwrap().start();
            let invitation = Invitation {
                person: PersonId([number; 16]),
                organ: organ(county, post),
                role,
                area: granted(post, place),
                space: area(place),
            };
            let until = ServerTime(MORNING + DAY_MS);
            let code = invite(&town.app().storage, &invitation, until);
            let code = town.runtime.block_on(code).unwrap();
            phone
                .enrol(&mut town.http.clone(), "http://test", &code)
                .unwrap();
            members.push(Member {
                post,
                county,
                person: invitation.person,
                phone,
                away: away(post, county),
                shots: Vec::new(),
            });
        }
    }
    members
}
