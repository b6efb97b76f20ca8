//! What a folded document displays after words and photos were redacted.

use super::{DocumentState, Folded};
use crate::{
    activity::tests as activity,
    hazard::tests::{COUNTY, DPO, Story, relocate},
    inspection::tests::{answers, start},
    record::{EventBody, EventId, Finding, Label, PhotoHash, Redaction, Short},
};

/// Everything that other modules can read from a folded document, in one text.
fn everything(folded: &Folded<'_>) -> String {
    let events = folded.events(0..folded.judged().len());
    let photos: Vec<_> = folded.photos().iter().map(|p| p.photo.hash).collect();
    let place = folded.hazard().and_then(|hazard| hazard.place());
    format!(
        "{:?} {events:?} {photos:?} {place:?} {:?}",
        folded.list_row(),
        folded.state()
    )
}

fn words_of(body: &EventBody) -> Vec<String> {
    match body {
        EventBody::Observe(o) => vec![o.description.to_string(), o.place.spot.to_string()],
        EventBody::Activity(a) => vec![a.title.to_string()],
        _ => Vec::new(),
    }
}

#[test]
fn the_words_and_photos_of_a_redacted_observation_are_nowhere() {
    let mut story = Story::told(&[]);
    let first = story.events[0].clone();
    let mut hidden = words_of(&first.event.body);
    hidden.extend(first.event.body.photos().iter().map(|p| p.hash.to_string()));
    hidden.retain(|word| !word.is_empty());
    assert!(hidden.len() > 1);
    let before = everything(&story.folded());
    assert!(hidden.iter().all(|word| before.contains(word)), "{before}");
    story.then(DPO, redaction(&[first.id], &[]));
    let folded = story.folded();
    let after = everything(&folded);
    for word in hidden {
        assert!(!after.contains(&word), "{word} in {after}");
    }
    let shown = folded.events(0..folded.judged().len());
    let content = shown.iter().find(|e| e.id == first.id).map(|e| &e.content);
    assert_eq!(content, Some(&serde_json::Value::Null));
    assert_eq!(
        folded.hidden_photos().len(),
        first.event.body.photos().len()
    );
}

#[test]
fn a_corrected_place_is_hidden_with_the_event_that_states_it() {
    let mut story = Story::told(&[]);
    let mut correction = relocate("3栋");
    if let EventBody::Relocate(r) = &mut correction {
        r.place.spot = Label::new("门口左侧的老人家里").unwrap();
    }
    let moved = story.then(COUNTY, correction);
    assert!(everything(&story.folded()).contains("老人"));
    story.then(DPO, redaction(&[moved], &[]));
    let shown = everything(&story.folded());
    assert!(!shown.contains("老人"), "{shown}");
    assert!(shown.contains("（已遮蔽）"), "{shown}");
}

#[test]
fn an_activity_without_words_keeps_its_quantities() {
    let mut story = activity::Story::new();
    let data = activity::cleared(3);
    let stated = story.then(activity::GRID, activity::entry("clearance", &data));
    let confirmation = EventBody::Confirm(activity::reason());
    story.then(activity::COMMUNITY, confirmation);
    let before = story.folded();
    assert!(everything(&before).contains("一条登记"));
    assert!(!before.quantities().is_empty());
    story.then(activity::DPO, redaction(&[stated], &[]));
    let after = story.folded();
    assert!(!everything(&after).contains("一条登记"));
    assert!(!everything(&after).contains("ebike"));
    assert_eq!(after.quantities(), before.quantities());
}

#[test]
fn a_hidden_answer_leaves_the_others_and_its_labels_go_with_it() {
    let mut story = activity::Story::told(&[(activity::GRID, start())]);
    let one = story.then(activity::GRID, answers("3栋王家", Finding::Ok, None));
    story.then(activity::DPO, redaction(&[one], &[]));
    let folded = story.folded();
    let DocumentState::Inspection(state) = folded.state() else {
        panic!("an inspection");
    };
    assert!(state.answers.is_empty());
    assert!(!everything(&folded).contains("王家"));
}

#[test]
fn a_photo_that_is_redacted_alone_is_in_no_event() {
    let mut story = Story::told(&[]);
    let photo = story.events[0].event.body.photos()[0].hash;
    story.then(DPO, redaction(&[], &[photo]));
    let folded = story.folded();
    assert_eq!(folded.hidden_photos(), [photo]);
    assert!(folded.photos().iter().all(|p| p.photo.hash != photo));
    let events = folded.events(0..1);
    assert!(!events[0].content.to_string().contains(&photo.to_string()));
    assert!(!events[0].content.is_null(), "its words stay");
}

fn redaction(events: &[EventId], photos: &[PhotoHash]) -> EventBody {
    EventBody::Redact(Redaction {
        events: events.to_vec(),
        photos: photos.to_vec(),
        reason: Short::new("含门牌").unwrap(),
    })
}
