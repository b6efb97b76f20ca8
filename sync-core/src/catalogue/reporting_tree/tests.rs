//! The reporting tree: counties under the province, development zones, split streets, codes that changed.

use proptest::prelude::*;

use super::{ReportingNode, ReportingTree, roll_up};
use crate::{
    catalogue::{Catalogue, Level},
    record::AreaPath,
};

fn area(text: &str) -> AreaPath {
    text.parse().unwrap()
}

fn node(path: &str, levels: &[Level]) -> ReportingNode {
    ReportingNode {
        path: area(path),
        levels: levels.to_vec(),
        parent: None,
        report_parent: None,
        replaced_by: None,
    }
}

const WUCHANG: &str = "420000/420100/420106";

/// The province with its cities, a development zone, a split street and a county whose code changed.
fn hubei() -> Vec<ReportingNode> {
    let regions = &Catalogue::embedded().regions.regions;
    let mut nodes: Vec<ReportingNode> = regions
        .iter()
        .map(|r| node(r.path.as_str(), &r.levels))
        .collect();
    nodes.push(node(WUCHANG, &[Level::County]));
    nodes.push(node("420000/420100/EastLake", &[Level::FunctionalArea]));
    nodes.push(ReportingNode {
        report_parent: Some(area("420000/420100/EastLake")),
        ..node(
            "420000/420100/420106/420106490/420106490001",
            &[Level::Community],
        )
    });
    nodes.push(ReportingNode {
        replaced_by: Some(area("420000/420800/420882")),
        ..node("420000/420800/420821", &[Level::County])
    });
    nodes.push(node("420000/420800/420882", &[Level::County]));
    nodes
}

#[test]
fn inv_26_counties_under_the_province_stand_beside_its_cities() {
    let parents = ReportingTree::new(hubei()).unwrap();
    let count = |path: &str, county: &str, n| (area(path), area(county), n);
    let counts = [
        count("420000/420100/420106/420106001", WUCHANG, 5_u32),
        count("420000/429004/429004001", "420000/429004", 3),
        count("420000/429005", "420000/429005", 4),
        count("420000/429021/429021100", "420000/429021", 1),
    ];
    let sums = |level| {
        let sums = roll_up(&parents, level, counts.clone()).into_iter();
        sums.map(|(area, n)| (area.to_string(), n))
            .collect::<Vec<_>>()
    };
    let cities = [
        ("420000/420100", 5),
        ("420000/429004", 3),
        ("420000/429005", 4),
        ("420000/429021", 1),
    ];
    assert_eq!(sums(Level::City), cities.map(|(a, n)| (a.to_owned(), n)));
    assert_eq!(sums(Level::Province), [("420000".to_owned(), 13)]);
    assert_eq!(sums(Level::County).len(), 4);
}

#[test]
fn a_community_counts_where_it_reports_to_not_where_it_lies() {
    let parents = ReportingTree::new(hubei()).unwrap();
    let (county, zone) = (area(WUCHANG), area("420000/420100/EastLake"));
    let grid = area("420000/420100/420106/420106490/420106490001/G01");
    assert_eq!(parents.place(Level::County, &grid, &county), zone);
    assert_eq!(
        parents.place(Level::City, &grid, &county),
        area("420000/420100")
    );
    assert!(parents.is_split(&county) && !parents.is_split(&area("420000/420100/420103")));
    assert!(parents.is_within(&grid, &zone) && !parents.is_within(&grid, &county));
    let members = parents.members(&zone);
    assert!(members.iter().any(|m| m.covers(&grid)));
}

#[test]
fn a_successor_stands_for_the_county_it_replaced() {
    let parents = ReportingTree::new(hubei()).unwrap();
    let old = area("420000/420800/420821/420821100");
    let county = area("420000/420800/420821");
    assert_eq!(
        parents.place(Level::County, &old, &county),
        area("420000/420800/420882")
    );
    assert!(
        !parents
            .registered(Level::County, &area("420000"))
            .contains(&county)
    );
}

#[test]
fn areas_that_report_to_each_other_in_a_circle_are_all_named() {
    let to = |path: &str, above: &str| ReportingNode {
        report_parent: Some(area(above)),
        ..node(path, &[Level::County])
    };
    let circle = ReportingTree::new([to("p/a", "p/b"), to("p/b", "p/c"), to("p/c/d", "p/a")]);
    assert!(circle.is_ok(), "p/c reports to p");
    let circle = ReportingTree::new([to("p/x", "p/a"), to("p/a", "p/b/s"), to("p/b", "p/a")]);
    let named = circle.unwrap_err().to_string();
    assert_eq!(named, "p/a -> p/b/s -> p/b -> p/a");
    assert!(ReportingTree::new(hubei()).is_ok());
}

#[test]
fn a_chain_of_many_successors_ends_at_the_province() {
    let mut nodes: Vec<_> = (0..60)
        .map(|n| ReportingNode {
            replaced_by: Some(area(&format!("p/c{}", n + 1))),
            ..node(&format!("p/c{n}"), &[Level::County])
        })
        .collect();
    nodes.push(node("p/c60", &[Level::County]));
    let parents = ReportingTree::new(nodes).unwrap();
    assert_eq!(parents.chain(&area("p/c0")), [area("p/c60"), area("p")]);
}

#[test]
fn an_area_that_moved_by_its_administrative_parent_splits_its_county() {
    let mut nodes = hubei();
    nodes.push(ReportingNode {
        parent: Some(area("420000/420100/420103")),
        ..node("420000/420100/420106/420106001", &[Level::Street])
    });
    nodes.push(node("420000/420700/420704/Zone", &[Level::FunctionalArea]));
    let parents = ReportingTree::new(nodes).unwrap();
    let county = area("420000/420100/420106");
    assert!(parents.is_split(&county));
    // A zone that lies in a county counts for itself.
    assert!(parents.is_split(&area("420000/420700/420704")));
    let within = area("420000/420100/420106/420106001/420106001001");
    assert_eq!(
        parents.place(Level::County, &within, &county),
        area("420000/420100/420103")
    );
    // Of a street that moved with a community of its own row, the street alone is a member.
    let zone = area("420000/420100/EastLake");
    let to_zone = |path: &str| ReportingNode {
        report_parent: Some(zone.clone()),
        ..node(path, &[Level::Street])
    };
    let nodes = [
        to_zone("420000/420100/420106/420106002"),
        to_zone("420000/420100/420106/420106002/420106002001"),
    ];
    let parents = ReportingTree::new(nodes).unwrap();
    let street = area("420000/420100/420106/420106002");
    assert_eq!(parents.members(&zone), [street, zone.clone()].into());
}

#[test]
fn a_street_without_a_row_is_one_in_whatever_county_a_chain_leads_to() {
    let mut nodes = hubei();
    nodes.push(ReportingNode {
        replaced_by: Some(area("420000/429004/429004001/429004001001")),
        ..node(
            "420000/420100/420106/420106001/420106001001",
            &[Level::Community],
        )
    });
    let parents = ReportingTree::new(nodes).unwrap();
    let (moved, county) = (
        area("420000/420100/420106/420106001/420106001001/G1"),
        area(WUCHANG),
    );
    let place = |level| parents.place(level, &moved, &county).to_string();
    assert_eq!(place(Level::Street), "420000/429004/429004001");
    assert_eq!(place(Level::County), "420000/429004");
}

#[test]
fn a_table_without_rows_follows_the_path() {
    let parents = ReportingTree::default();
    let county = area("429999/429998");
    let grid = area("429999/429998/429998001/429998001001/G01");
    let at = |level| parents.place(level, &grid, &county).to_string();
    assert_eq!(at(Level::City), "429999/429998");
    assert_eq!(at(Level::County), "429999/429998");
    assert_eq!(at(Level::Street), "429999/429998/429998001");
    assert_eq!(at(Level::Community), "429999/429998/429998001/429998001001");
    assert_eq!(at(Level::Grid), grid.to_string());
    // An area above the requested level is counted under itself.
    assert_eq!(parents.place(Level::Grid, &county, &county), county);
}

proptest! {
    #[test]
    fn inv_09_the_sum_is_the_same_at_every_level(
        counts in prop::collection::vec((0..6_usize, 0..4_usize, 0..100_u32), 0..60),
    ) {
        let parents = ReportingTree::new(hubei()).unwrap();
        let counties = [
            WUCHANG, "420000/420100/420103", "420000/420800/420821", "420000/429004",
            "420000/429021", "420000/420700/420704",
        ];
        let below = ["", "/420106490", "/420106490/420106490001", "/420106490/420106490001/G02"];
        let values: Vec<_> = counts
            .iter()
            .map(|(c, b, n)| (area(&format!("{}{}", counties[*c], below[*b])), area(counties[*c]), *n))
            .collect();
        let total: u32 = values.iter().map(|(_, _, n)| n).sum();
        for level in Level::ALL {
            let sums = roll_up(&parents, level, values.clone());
            prop_assert_eq!(sums.values().sum::<u32>(), total);
        }
    }
}
